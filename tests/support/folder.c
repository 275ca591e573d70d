/* SPDX-License-Identifier: MIT */
#include "support/folder.h"

#include <dirent.h>
#include <unistd.h>

#include "support/harness.h"

static void remove_files(void)
{
    DIR *dir = opendir(".");
    struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        unlink(entry->d_name); /* but for "." and "..", which stay */
    if (dir)
        closedir(dir);
}

int run_in_folder(const char *suite)
{
    char folder[] = "/tmp/simul-test-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) {
        perror(folder);
        return 1;
    }
    int r = harness_run(suite);
    remove_files();
    rmdir(folder);
    return r;
}
