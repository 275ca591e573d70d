/* SPDX-License-Identifier: MIT */
/* The files that Unix sockets have. */
#ifndef SM_NET_UNIX_NAME_H
#define SM_NET_UNIX_NAME_H

struct sm_unix_name;

/**
 * Bind a socket to a path (simul_address_unix()); a socket that lies there is replaced.
 *
 * @param name  set on success: owned; NULL for an abstract name, which has no file
 * @param mode  of the file; 0: as the umask has it
 * @return      0, or -errno, with a message for the task, and no file is left
 */
int sm_unix_bind(struct sm_unix_name **name, int fd, const char *path, unsigned mode);

/** Remove the file, if it is still the one that was made, and free the name. While the
 *  socket is open nobody else's file gets its inode. In the child of a fork the file is the
 *  parent's, and stays. NULL does nothing. */
void sm_unix_name_end(struct sm_unix_name *name);

#endif
