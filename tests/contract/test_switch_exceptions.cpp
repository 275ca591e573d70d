// SPDX-License-Identifier: MIT
//
// W5 of switch.h: C++ exceptions are thrown, caught and in flight across switches, as
// long as whoever switches keeps the two words of __cxa_get_globals() per context.

extern "C" {
#include "support/harness.h"

#include "contract/two_stacks.h"
}

#include <cxxabi.h>
#include <exception>
#include <stdexcept>
#include <string>

namespace
{

// What the C++ runtime keeps per thread: the chain of caught exceptions, and how many
// are in flight.
struct globals {
    void *caught;
    unsigned uncaught;
};

globals *current()
{
    return reinterpret_cast<globals *>(abi::__cxa_get_globals());
}

globals of_there;

void swap_globals()
{
    std::swap(*current(), of_there);
}

void go_there()
{
    swap_globals();
    go();
    swap_globals();
}

void prepare_there(void (*body)(void *), void *arg)
{
    of_there = globals();
    prepare(body, arg);
}

struct sets_on_exit {
    bool *flag;
    ~sets_on_exit()
    {
        *flag = true;
    }
};

__attribute__((noinline)) void thrower(const char *what, bool *unwound)
{
    sets_on_exit guard{unwound};
    throw std::runtime_error(what);
}

} // namespace

static void throw_and_catch(void *arg)
{
    bool *unwound = static_cast<bool *>(arg);
    try {
        thrower("there", unwound);
    } catch (const std::exception &e) {
        ck_assert_str_eq(e.what(), "there");
        back(); // with the exception caught and not yet destroyed
        ck_assert_str_eq(e.what(), "there");
        ck_assert(std::current_exception() != nullptr);
    }
    ck_assert(std::current_exception() == nullptr);
}

TEST(an_exception_is_caught_on_the_stack_that_threw_it)
{
    bool unwound = false;
    prepare_there(throw_and_catch, &unwound);

    go_there();

    ck_assert(unwound);
    ck_assert(std::current_exception() == nullptr);
    go_there();
}

TEST(catch_blocks_of_two_stacks_overlap_in_any_order)
{
    bool unwound = false, unwound_there = false;
    prepare_there(throw_and_catch, &unwound_there);

    try {
        thrower("here", &unwound);
    } catch (const std::exception &e) {
        go_there(); // throws, catches, and comes back from within its catch block
        ck_assert_str_eq(e.what(), "here");
        go_there(); // ends its catch block while ours is open
        ck_assert_str_eq(e.what(), "here");
        ck_assert(std::current_exception() != nullptr);
    }

    ck_assert(unwound && unwound_there);
    ck_assert(std::current_exception() == nullptr);
}

static void catch_and_rethrow(void *arg)
{
    std::string *seen = static_cast<std::string *>(arg);
    try {
        try {
            throw std::string("inner");
        } catch (...) {
            back();
            throw; // what was caught before the switch
        }
    } catch (const std::string &text) {
        *seen = text;
    }
}

TEST(an_exception_is_rethrown_after_a_switch_in_its_catch_block)
{
    std::string seen;
    prepare_there(catch_and_rethrow, &seen);

    go_there();
    try {
        throw std::string("outer");
    } catch (const std::string &text) {
        go_there();
        ck_assert_str_eq(text.c_str(), "outer");
    }

    ck_assert_str_eq(seen.c_str(), "inner");
}

struct switches_in_destructor {
    ~switches_in_destructor()
    {
        ck_assert_int_eq(std::uncaught_exceptions(), 1);
        back(); // the exception is in flight
        ck_assert_int_eq(std::uncaught_exceptions(), 1);
    }
};

static void switch_in_flight(void *arg)
{
    try {
        switches_in_destructor guard;
        throw 7;
    } catch (int value) {
        *static_cast<int *>(arg) = value;
    }
    ck_assert_int_eq(std::uncaught_exceptions(), 0);
}

TEST(an_exception_in_flight_survives_a_switch)
{
    int caught = 0;
    prepare_there(switch_in_flight, &caught);

    go_there();
    ck_assert_int_eq(std::uncaught_exceptions(), 0);
    bool unwound = false;
    try {
        thrower("meanwhile", &unwound);
    } catch (const std::exception &) {
    }
    go_there();

    ck_assert_int_eq(caught, 7);
}

HARNESS_MAIN("exceptions across switches")
