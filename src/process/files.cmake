# SPDX-License-Identifier: MIT
sm_sources(spawn.c spawn_child.c child.c child_thread.c redirect.c process.c communicate.c
    subprocess.c subprocess_pipe.c subprocess_create.c)
