/* SPDX-License-Identifier: MIT */
/* The calls of sys.h that are more than a macro. */
#include "base/sys.h"

#include <unistd.h>

/* Errors of close(2) are about data written earlier (on NFS); a caller who cares for
 * those calls fsync(2). The descriptor is gone in any case. errno is the caller's. */
void sm_close(int fd)
{
    int saved = errno;
    close(fd);
    errno = saved;
}

int sm_sys_close(int fd)
{
    return close(fd) == 0 ? 0 : -errno;
}
