// SPDX-License-Identifier: MIT
//
// C++ in generators: exceptions are thrown, caught and in flight on either side of a yield;
// what is handled on one side is not seen on the other.

extern "C" {
#include "support/harness.h"
}

#include <exception>
#include <simul.h>
#include <stdexcept>
#include <string>

namespace
{

std::string said;

int handles(simul_gen *self, void *)
{
    try {
        throw std::runtime_error("inner");
    } catch (const std::exception &error) {
        int r = simul_yield(self, "caught", nullptr);
        said += error.what();
        try {
            throw; // the one that is being handled here
        } catch (const std::runtime_error &again) {
            said += again.what();
        }
        return r;
    }
}

void step_in_a_handler(simul_gen *gen)
{
    try {
        throw std::logic_error("outer");
    } catch (const std::logic_error &) {
        ck_assert_int_eq(simul_gen_next(gen, nullptr), 1);
        try {
            throw;
        } catch (const std::exception &error) {
            said += error.what();
        }
    }
}

struct steps_on_exit {
    simul_gen *gen;
    ~steps_on_exit()
    {
        ck_assert_int_eq(std::uncaught_exceptions(), 1);
        simul_gen_next(gen, nullptr);
        ck_assert_int_eq(std::uncaught_exceptions(), 1);
    }
};

int counts_uncaught(simul_gen *self, void *)
{
    ck_assert_int_eq(std::uncaught_exceptions(), 0);
    return simul_yield(self, nullptr, nullptr);
}

} // namespace

TEST(each_side_has_its_own_handled_exception)
{
    said.clear();
    simul_gen *gen = simul_gen_new(handles, nullptr);
    step_in_a_handler(gen);
    ck_assert(std::current_exception() == nullptr);
    ck_assert_int_eq(simul_gen_next(gen, nullptr), 0);
    ck_assert_str_eq(said.c_str(), "outerinnerinner");
    simul_gen_release(gen);
}

TEST(stepped_while_an_exception_is_in_flight)
{
    simul_gen *gen = simul_gen_new(counts_uncaught, nullptr);
    try {
        steps_on_exit guard{gen};
        throw 1;
    } catch (int) {
    }
    ck_assert_int_eq(simul_gen_next(gen, nullptr), 0);
    simul_gen_release(gen);
}

HARNESS_MAIN("gen_exceptions")
