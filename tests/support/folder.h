/* SPDX-License-Identifier: MIT */
/* Tests that make files: whatever becomes of them, nothing is left behind. */
#ifndef SM_TESTS_FOLDER_H
#define SM_TESTS_FOLDER_H

/** As harness_run(), in a folder that is made for it, and removed with all its files. */
int run_in_folder(const char *suite);

#endif
