# SPDX-License-Identifier: MIT
# Tests of the tree itself, once per run: who includes whom, whether what is public is
# documented and exported, whether the installed library can be used.
set(SM_TOOLS ${PROJECT_SOURCE_DIR}/tools)

sm_add_test(layers COMMAND ${SM_TOOLS}/layers)
sm_add_test(docs COMMAND ${SM_TOOLS}/docs)
sm_add_test(links COMMAND ${SM_TOOLS}/links)
sm_add_test(from-asyncio COMMAND ${SM_TOOLS}/from_asyncio)
sm_add_test(semantics COMMAND ${SM_TOOLS}/semantics)
sm_add_test(exports COMMAND ${SM_TOOLS}/exports $<TARGET_FILE:simul>)
sm_add_test(tools COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/tree/test_tools)
sm_add_test(mutants-fit COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/mutants/run --check)
sm_add_test(install COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/install/run ${PROJECT_BINARY_DIR})
