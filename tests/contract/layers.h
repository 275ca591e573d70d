/* SPDX-License-Identifier: MIT */
/* Two small layers, to copy from, and for the contract test to run over. */
#ifndef SM_TESTS_LAYERS_H
#define SM_TESTS_LAYERS_H

#include "net/stream.h"

/** Put a layer on the stream that turns each byte by 13 on its way out, and back on its way
 *  in. 0 or -ENOMEM. */
int layer_rotate_push(simul_stream *stream);

/** Two streams that are connected to each other by memory. 0 or -ENOMEM. */
int layer_memory_pair(simul_stream *pair[2], struct simul_loop *loop);

#endif
