/* SPDX-License-Identifier: MIT */
/*
 * An immutable map from small numbers to values: a tree of nodes with sixteen slots, in
 * which a changed map shares with the old one all but the few nodes on the way to what
 * changed. So a copy is one more reference, and a lookup takes a step for every four bits
 * of the number.
 *
 * Counts are atomic: copies go to other threads.
 */
#ifndef SM_LOOP_VARS_H
#define SM_LOOP_VARS_H

#include <simul/future.h>
#include <stdint.h>

struct sm_var_value {
    unsigned refs; /* atomic */
    void *value;
    simul_destroy_fn *destroy;
};

struct sm_vars; /* NULL is the empty map */

/** A value with one reference; NULL: no memory. */
struct sm_var_value *sm_var_value_new(void *value, simul_destroy_fn *destroy);

/** What the map has for this number; NULL: nothing. Borrowed. */
struct sm_var_value *sm_vars_get(const struct sm_vars *vars, uint64_t id);

/** The map with another value for this number, or with none (NULL); NULL: no memory. */
struct sm_vars *sm_vars_with(struct sm_vars *vars, uint64_t id,
                             struct sm_var_value *value);

struct sm_vars *sm_vars_ref(struct sm_vars *vars);
void sm_vars_unref(struct sm_vars *vars);

#endif
