/* SPDX-License-Identifier: MIT */
/* Fields of a message, in memory of our own: those to send, those received. */
#include "http/session.h"

#include <string.h>
#include <strings.h>

#include "http/parser_impl.h"

/* ---- text ------------------------------------------------------------------------------ */

static char *copy(struct sm_http_slice text)
{
    char *out = sm_malloc(text.len + 1);
    if (!out)
        return NULL;
    if (text.len > 0)
        memcpy(out, text.ptr, text.len);
    out[text.len] = 0;
    return out;
}

static struct sm_http_slice slice_of(const char *text)
{
    return (struct sm_http_slice){text, strlen(text)};
}

static bool is_token(const char *name)
{
    const char *p = name;
    while (sm_http_is(*p, SM_HTTP_TOKEN))
        p++;
    return p > name && *p == 0;
}

/* No line of another field is smuggled in. */
static bool is_value(const char *value)
{
    for (const char *p = value; p && *p; p++)
        if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
            return false;
    return true;
}

/* ---- the list -------------------------------------------------------------------------- */

static simul_http_header *find(const struct sm_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (strcasecmp(fields->list[i].name, name) == 0)
            return &fields->list[i];
    return NULL;
}

/* Room for one more, and for the end. */
static int reserve(struct sm_fields *fields)
{
    if (fields->count + 1 < fields->capacity)
        return 0;
    size_t capacity = fields->capacity ? fields->capacity * 2 : 16;
    simul_http_header *list = sm_realloc(fields->list, capacity * sizeof *list);
    if (!list)
        return -ENOMEM;
    fields->list = list;
    fields->capacity = capacity;
    list[fields->count] = (simul_http_header){NULL, NULL};
    return 0;
}

static int append(struct sm_fields *fields, char *name, char *value)
{
    int r = name ? reserve(fields) : -ENOMEM;
    if (r < 0) {
        sm_free(name);
        sm_free(value);
        return r;
    }
    fields->list[fields->count++] = (simul_http_header){name, value};
    fields->list[fields->count] = (simul_http_header){NULL, NULL};
    return 0;
}

int sm_fields_add(struct sm_fields *fields, struct sm_http_slice name,
                  struct sm_http_slice value)
{
    char *text = copy(value);
    return text ? append(fields, copy(name), text) : -ENOMEM;
}

void sm_fields_remove(struct sm_fields *fields, const char *name)
{
    simul_http_header *field;
    while ((field = find(fields, name))) {
        sm_free((char *)field->name);
        sm_free((char *)field->value);
        size_t behind =
            (size_t)(fields->list + fields->count - field); /* and the end */
        memmove(field, field + 1, behind * sizeof *field);
        fields->count--;
    }
}

int sm_fields_set(struct sm_fields *fields, const char *name, const char *value)
{
    if (!is_token(name) || !is_value(value))
        return -EINVAL;
    char *text = value ? copy(slice_of(value)) : NULL;
    if (value && !text)
        return -ENOMEM;
    sm_fields_remove(fields, name);
    return append(fields, copy(slice_of(name)), text);
}

int sm_fields_merge(struct sm_fields *fields, const simul_http_header *list)
{
    int r = 0;
    for (const simul_http_header *it = list; r >= 0 && it && it->name; it++)
        r = sm_fields_set(fields, it->name, it->value);
    return r;
}

int sm_fields_extend(struct sm_fields *fields, struct sm_http_slice more)
{
    if (fields->count == 0)
        return -SIMUL_EHTTP;
    simul_http_header *last = &fields->list[fields->count - 1];
    size_t len = strlen(last->value);
    char *longer = sm_realloc((char *)last->value, len + 1 + more.len + 1);
    if (!longer)
        return -ENOMEM;
    last->value = longer;
    longer[len] = ' ';
    memcpy(longer + len + 1, more.ptr, more.len);
    longer[len + 1 + more.len] = 0;
    return 0;
}

const char *sm_fields_get(const struct sm_fields *fields, const char *name)
{
    const simul_http_header *field = find(fields, name);
    return field ? field->value : NULL;
}

bool sm_fields_has(const struct sm_fields *fields, const char *name)
{
    return find(fields, name);
}

void sm_fields_finish(struct sm_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        sm_free((char *)fields->list[i].name);
        sm_free((char *)fields->list[i].value);
    }
    sm_free(fields->list);
    *fields = (struct sm_fields){NULL, 0, 0};
}
