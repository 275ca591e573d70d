/* SPDX-License-Identifier: MIT */
#include "support/folder.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/harness.h"

static int remove_one(const char *path, const struct stat *stat, int type,
                      struct FTW *place)
{
    (void)stat, (void)type, (void)place;
    return remove(path);
}

/* Several sweep at once (sweep.c): the same test, and so the same names. */
void sweep_worker_enters(int number);
void sweep_worker_enters(int number)
{
    char folder[16];
    snprintf(folder, sizeof folder, "worker-%d", number);
    if (mkdir(folder, 0700) < 0 || chdir(folder) < 0)
        abort();
}

int run_in_folder(const char *suite)
{
    char folder[] = "/tmp/simul-test-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) {
        perror(folder);
        return 1;
    }
    int r = harness_run(suite);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return r;
}
