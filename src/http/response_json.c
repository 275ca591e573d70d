/* SPDX-License-Identifier: MIT */
/* Bodies that are JSON, through jansson. */
#include <jansson.h>

#include "http/session.h"

int simul_response_json(simul_response *response, struct json_t **json)
{
    const void *data;
    json_error_t fault;
    ssize_t n = simul_response_bytes(response, &data, 0);
    if (n < 0)
        return (int)n;
    json_t *parsed = json_loadb(data, (size_t)n, JSON_DECODE_ANY, &fault);
    if (!parsed && json_error_code(&fault) == json_error_out_of_memory)
        return -ENOMEM;
    if (!parsed)
        return simul_fail(-SIMUL_EJSON, "%s: line %d, column %d: %s", response->url,
                          fault.line, fault.column, fault.text);
    *json = parsed;
    return 0;
}
