/* SPDX-License-Identifier: MIT */
/*
 * Undoing the compression of a body (Content-Encoding: gzip, deflate), piece by piece, as
 * somebody reads it: what a reader does not ask for stays compressed, so that a small
 * body that becomes a large one takes no more memory than any other.
 *
 *     BEGIN ──> INSIDE ──> AFTER        of one stream; after a gzip another may follow
 *        nothing came   its end came
 *
 * A body that ends INSIDE was cut short. What follows the end and is no gzip is ignored,
 * as gzip(1) and browsers do.
 */
#ifndef SM_HTTP_DECODER_H
#define SM_HTTP_DECODER_H

#include <sys/types.h>
#include <zlib.h>

#include "http/headers.h"

enum sm_coding { SM_CODING_NONE, SM_CODING_GZIP, SM_CODING_DEFLATE, SM_CODING_OTHER };

/* Zeroed is a valid one, with nothing to undo. */
struct sm_decoder {
    enum sm_coding coding;
    enum { SM_DECODER_BEGIN, SM_DECODER_INSIDE, SM_DECODER_AFTER } state;
    z_stream z; /* valid unless BEGIN */
};

/* One more value of Content-Encoding. More than one coding, or another one, is OTHER. */
void sm_decoder_add(struct sm_decoder *decoder, struct sm_http_slice value);

/*
 * Undoes what it can. *len: how many bytes there are, and then how many were taken.
 *
 * Returns how many bytes were put to `out` (0: more input is needed), or
 * -SIMUL_EENCODING, -ENOMEM.
 */
ssize_t sm_decoder_run(struct sm_decoder *decoder, const char *data, size_t *len,
                       void *out, size_t size);

/* What was wrong with it, after -SIMUL_EENCODING. */
const char *sm_decoder_fault(const struct sm_decoder *decoder);

/* Whether an end of the body now is an end of what was compressed. */
bool sm_decoder_may_end(const struct sm_decoder *decoder);

/* Zeroed again. */
void sm_decoder_finish(struct sm_decoder *decoder);

#endif
