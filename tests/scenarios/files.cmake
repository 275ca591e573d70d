# SPDX-License-Identifier: MIT
# Whole programs, swept over failures and cancels: whatever is made to fail in them, they
# end by themselves with status 0 or 1, and leave nothing behind. They use the public
# interface only.
sm_scenario(scenario_tasks scenarios/tasks.c scenarios/steps.c)
sm_scenario(scenario_callbacks scenarios/callbacks.c scenarios/steps.c)
if(SIMUL_NET)
    sm_scenario(scenario_streams scenarios/streams.c scenarios/steps.c)
endif()
