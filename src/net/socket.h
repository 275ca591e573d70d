/* SPDX-License-Identifier: MIT */
/* What is done with the descriptors of sockets. */
#ifndef SM_NET_SOCKET_H
#define SM_NET_SOCKET_H

#include <stdbool.h>

struct simul_loop;

/** TCP_NODELAY (unless `delay`) and SO_KEEPALIVE (if wanted); where they do not apply or
 *  are refused the socket works without. */
void sm_socket_tune(int fd, bool delay, bool keep_alive);

/** See that it is a socket of type SOCK_STREAM, and make it non-blocking. */
int sm_socket_adopt(int fd);

/** Close a descriptor that the poller of `loop` may know (P5). */
void sm_socket_close(struct simul_loop *loop, int fd);

/* What is set here the kernel keeps for all who have the file, so that in the child of a
 * fork nothing is (S57): there it is the parent's. */

/** Have its connection reset when it is closed: RST in place of FIN. */
void sm_socket_reset_on_close(const struct simul_loop *loop, int fd);

/** Give it these flags (F_SETFL) back. */
void sm_socket_restore(const struct simul_loop *loop, int fd, int flags);

#endif
