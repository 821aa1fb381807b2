/* SPDX-License-Identifier: MIT */
/* sched.h - see types.h */
static inline void cond_resched(void)
{
}
