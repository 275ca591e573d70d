/* SPDX-License-Identifier: MIT */
/*
 * Files, without blocking the loop. (asyncio has none of its own: loop.run_in_executor() with
 * open() and read(), or the package aiofiles.)
 *
 * The kernel makes who reads a file wait for the disk, whatever he asks for. On io_uring it
 * carries out opening, reading and writing at positions, and syncing itself, and the loop goes
 * on meanwhile. All the rest, and everything on other backends, is called in a thread of the
 * loop's default pool (simul/thread.h), and the task waits for it. The results are the same.
 * Descriptors are ordinary ones, of any kind; but one that may block for ever (a FIFO, a
 * terminal) keeps a thread for that time: for these there are streams.
 *
 * Cancelling: a call that has not begun is taken back. One that runs is waited for, and its
 * result counts; the cancel stays pending for the next call that waits. So -ECANCELED means
 * that nothing was done. (On io_uring an open that waits for a FIFO's peer is taken back, too.)
 *
 * A descriptor must stay open until the calls that use it have returned.
 *
 * Errors of every function here, beside those of the system call of its name:
 *   -ECANCELED        the task was cancelled; nothing was done
 *   -SIMUL_ESHUTDOWN  a thread is needed, and the executor is shut down
 *   -EAGAIN           a thread is needed, and the system grants none
 *   -ENOMEM
 *   -SIMUL_ENOTASK    called outside of a task
 */
#ifndef SIMUL_FILE_H
#define SIMUL_FILE_H

#include <simul/loop.h>
#include <sys/stat.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Open a file.
 *
 * @param flags  of open(2); O_CLOEXEC is added
 * @param mode   of a file that is made; else it does not matter
 * @return       a descriptor, to be closed with simul_file_close() or close(2)
 * @error -ENOENT, -EACCES, -EMFILE, …  as open(2)
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  loop.run_in_executor(None, open, path)
 */
SIMUL_API int simul_file_open(const char *path, int flags, unsigned mode);

/**
 * Read up to n bytes from where the file stands.
 *
 * @return  how many; 0 at the end
 * @error -EIO, -EISDIR, …  as read(2)
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  loop.run_in_executor(None, file.read, n)
 */
SIMUL_API ssize_t simul_file_read(int fd, void *buf, size_t n);

/**
 * Read up to n bytes from an offset; the position does not change.
 *
 * @return  how many; 0 at or behind the end
 * @error -EIO, -ESPIPE, …  as pread(2)
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  loop.run_in_executor(None, os.pread, fd, n, offset)
 */
SIMUL_API ssize_t simul_file_pread(int fd, void *buf, size_t n, off_t offset);

/**
 * Write all of n bytes where the file stands.
 *
 * @return  n
 * @error -ENOSPC, -EIO, …  as write(2); a part may have been written
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  loop.run_in_executor(None, file.write, data)
 */
SIMUL_API ssize_t simul_file_write(int fd, const void *data, size_t n);

/**
 * Write all of n bytes at an offset; the position does not change.
 *
 * @return  n
 * @error -ENOSPC, -EIO, …  as pwrite(2); a part may have been written
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  loop.run_in_executor(None, os.pwrite, fd, data, offset)
 */
SIMUL_API ssize_t simul_file_pwrite(int fd, const void *data, size_t n, off_t offset);

/**
 * Wait until what was written is on the disk.
 *
 * @return  0
 * @error -EIO, -ENOSPC, …  as fsync(2)
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  loop.run_in_executor(None, os.fsync, fd)
 */
SIMUL_API int simul_file_sync(int fd);

/**
 * Make the file so long: what is behind is lost, what is missing is zero.
 *
 * @return  0
 * @error -EINVAL, -EFBIG, …  as ftruncate(2)
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  loop.run_in_executor(None, os.ftruncate, fd, size)
 */
SIMUL_API int simul_file_truncate(int fd, off_t size);

/**
 * What the system knows of a file, by its path or by a descriptor.
 *
 * @param file  filled on success
 * @return      0
 * @error -ENOENT, -EACCES, -EBADF, …  as stat(2), fstat(2)
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  loop.run_in_executor(None, os.stat, path)
 */
SIMUL_API int simul_file_stat(const char *path, struct stat *file);
SIMUL_API int simul_file_fstat(int fd, struct stat *file);

/**
 * Remove a file.
 *
 * @return  0
 * @error -ENOENT, -EACCES, …  as unlink(2)
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  loop.run_in_executor(None, os.unlink, path)
 */
SIMUL_API int simul_file_unlink(const char *path);

/**
 * Close a descriptor, in any case: if no thread can do it, or the task is cancelled, here.
 *
 * @return  0
 * @error -EIO, -ENOSPC, -EDQUOT  what was written did not get to the disk
 * @error -EBADF                  it was not open
 *
 * None of the errors above is returned.
 *
 * Awaits:   if it may wait
 * Threads:  the loop's; elsewhere, too, it closes, and blocks for that
 * asyncio:  loop.run_in_executor(None, file.close)
 */
SIMUL_API int simul_file_close(int fd);

#ifdef __cplusplus
}
#endif

#endif
