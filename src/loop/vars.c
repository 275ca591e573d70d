/* SPDX-License-Identifier: MIT */
/* The map of variables; see vars.h. */
#include "loop/vars.h"

#include "base/sys.h"

enum { BITS = 4, WIDTH = 1 << BITS };

struct sm_vars {
    unsigned refs; /* atomic */
    unsigned height;
    void *slots[WIDTH]; /* nodes; at height 0 values */
};

/* ---- counting ------------------------------------------------------------------------ */

static void ref(unsigned *refs)
{
    __atomic_add_fetch(refs, 1, __ATOMIC_RELAXED);
}

static bool unref(unsigned *refs)
{
    return __atomic_sub_fetch(refs, 1, __ATOMIC_ACQ_REL) == 0;
}

struct sm_var_value *sm_var_value_new(void *value, simul_destroy_fn *destroy)
{
    struct sm_var_value *made = sm_malloc(sizeof *made);
    if (made)
        *made = (struct sm_var_value){1, value, destroy};
    return made;
}

static void value_unref(struct sm_var_value *value)
{
    if (!value || !unref(&value->refs))
        return;
    if (value->destroy)
        value->destroy(value->value);
    sm_free(value);
}

struct sm_vars *sm_vars_ref(struct sm_vars *vars)
{
    if (vars)
        ref(&vars->refs);
    return vars;
}

static void slot_unref(unsigned height, void *slot)
{
    if (height == 0)
        value_unref((struct sm_var_value *)slot);
    else
        sm_vars_unref((struct sm_vars *)slot);
}

void sm_vars_unref(struct sm_vars *vars)
{
    if (!vars || !unref(&vars->refs))
        return;
    for (int i = 0; i < WIDTH; i++)
        slot_unref(vars->height, vars->slots[i]);
    sm_free(vars);
}

/* ---- looking up, changing ------------------------------------------------------------ */

static unsigned slot_of(uint64_t id, unsigned height)
{
    return (unsigned)(id >> (BITS * height)) & (WIDTH - 1);
}

static bool reaches(unsigned height, uint64_t id)
{
    return id >> BITS * height < WIDTH;
}

struct sm_var_value *sm_vars_get(const struct sm_vars *vars, uint64_t id)
{
    if (!vars || !reaches(vars->height, id))
        return NULL;
    while (vars && vars->height > 0)
        vars = (struct sm_vars *)vars->slots[slot_of(id, vars->height)];
    return vars ? (struct sm_var_value *)vars->slots[slot_of(id, 0)] : NULL;
}

/* A copy that has `item` (whose reference it takes) in one of its slots. */
static struct sm_vars *copy_with(const struct sm_vars *old, unsigned height,
                                 unsigned slot, void *item)
{
    struct sm_vars *copy = sm_zalloc(sizeof *copy);
    if (!copy)
        return NULL;
    copy->refs = 1;
    copy->height = height;
    for (unsigned i = 0; old && i < WIDTH; i++) {
        copy->slots[i] = old->slots[i];
        if (i != slot && copy->slots[i])
            ref((unsigned *)copy->slots[i]); /* the first field of either kind */
    }
    copy->slots[slot] = item;
    return copy;
}

static struct sm_vars *change(const struct sm_vars *old, unsigned height, uint64_t id,
                              struct sm_var_value *value)
{
    unsigned slot = slot_of(id, height);
    void *item = value;
    if (height > 0)
        item = change(old ? (struct sm_vars *)old->slots[slot] : NULL, height - 1, id,
                      value);
    else if (value)
        ref(&value->refs);
    if (height > 0 && !item)
        return NULL;
    struct sm_vars *changed = copy_with(old, height, slot, item);
    if (!changed)
        slot_unref(height, item);
    return changed;
}

static struct sm_vars *change_higher(struct sm_vars *vars, uint64_t id,
                                     struct sm_var_value *value)
{
    struct sm_vars *higher = copy_with(NULL, vars->height + 1, 0, sm_vars_ref(vars));
    if (!higher) {
        sm_vars_unref(vars);
        return NULL;
    }
    struct sm_vars *changed = sm_vars_with(higher, id, value);
    sm_vars_unref(higher);
    return changed;
}

struct sm_vars *sm_vars_with(struct sm_vars *vars, uint64_t id,
                             struct sm_var_value *value)
{
    if (vars && !reaches(vars->height, id))
        return change_higher(vars, id, value);
    unsigned height = vars ? vars->height : 0;
    while (!reaches(height, id))
        height++;
    return change(vars, height, id, value);
}
