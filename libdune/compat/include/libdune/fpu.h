/* SPDX-License-Identifier: MIT */
/*
 * fpu.h - save and load the vector registers
 *
 * The area is large enough for AVX-512. AMX and protection keys are neither saved
 * nor loaded.
 */
#ifndef _DUNE_COMPAT_FPU_H
#define _DUNE_COMPAT_FPU_H

#include <stdint.h>
#include <string.h>

struct fxsave_area {
	uint16_t cwd;
	uint16_t swd;
	uint16_t twd;
	uint16_t fop;
	uint64_t rip;
	uint64_t rdp;
	uint32_t mxcsr;
	uint32_t mxcsr_mask;
	uint32_t st_regs[32];
	uint32_t xmm_regs[64];
	uint32_t padding[24];
} __attribute__((packed));

struct xsave_header {
	uint64_t xstate_bv;
	uint64_t reserved_zero[2];
	uint64_t reserved[5];
} __attribute__((packed));

struct xsave_area {
	struct fxsave_area fxsave;
	struct xsave_header header;
	uint32_t ymm_regs[64];		/* the upper halves */
	uint8_t more[4096 - 832];
} __attribute__((packed, aligned(64)));

struct fpu_area {
	struct xsave_area xsave;
};

/* x87, SSE, AVX, MPX, AVX-512. */
#define FPU_COMPONENTS	0xffULL

static inline void fpu_xsave(struct fpu_area *fp, uint64_t mask)
{
	mask &= FPU_COMPONENTS;
	__asm__ volatile("xsave64 %0" : "+m" (*fp)
			 : "a" ((uint32_t)mask), "d" ((uint32_t)(mask >> 32)) : "memory");
}

/* The same: XSAVEOPT saves time only, and not every CPU has it. */
static inline void fpu_xsaveopt(struct fpu_area *fp, uint64_t mask)
{
	fpu_xsave(fp, mask);
}

static inline void fpu_xrstor(struct fpu_area *fp, uint64_t mask)
{
	mask &= FPU_COMPONENTS;
	__asm__ volatile("xrstor64 %0" : : "m" (*fp),
			 "a" ((uint32_t)mask), "d" ((uint32_t)(mask >> 32)) : "memory");
}

/* The state of a thread that begins. */
static inline void dune_fpu_init(struct fpu_area *fp)
{
	memset(fp, 0, sizeof(*fp));
	fp->xsave.fxsave.cwd = 0x37f;
	fp->xsave.fxsave.mxcsr = 0x1f80;
}

static inline void dune_fpu_load(struct fpu_area *fp)
{
	fpu_xrstor(fp, FPU_COMPONENTS);
}

/* XSAVE writes part of the header only, and XRSTOR checks all of it. */
static inline void dune_fpu_save_safe(struct fpu_area *fp)
{
	memset(&fp->xsave.header, 0, sizeof(fp->xsave.header));
	fpu_xsave(fp, FPU_COMPONENTS);
}

static inline void dune_fpu_save(struct fpu_area *fp)
{
	dune_fpu_save_safe(fp);
}

#endif /* _DUNE_COMPAT_FPU_H */
