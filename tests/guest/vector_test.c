/* SPDX-License-Identifier: MIT */
/*
 * vector_test.c - vector registers of interrupted code, all that there are
 */
#include <stddef.h>
#include <string.h>

#include "handlers.h"

struct vectors {
	uint8_t zmm[32][64];
	uint64_t k[8];
	uint32_t mxcsr;
	uint16_t x87_control;
	double st0;
} __attribute__((aligned(64)));

#define EACH_ZMM(op)	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) \
	op(11) op(12) op(13) op(14) op(15) op(16) op(17) op(18) op(19) op(20) op(21) op(22) \
	op(23) op(24) op(25) op(26) op(27) op(28) op(29) op(30) op(31)
#define EACH_K(op)	op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7)

#define CLEAR_ZMM(n)	"vpxord %%zmm" #n ", %%zmm" #n ", %%zmm" #n "\n\t"
#define CLEAR_K(n)	"kxorq %%k" #n ", %%k" #n ", %%k" #n "\n\t"
#define LOAD_ZMM(n)	"vmovdqu64 " #n "*64(%0), %%zmm" #n "\n\t"
#define LOAD_K(n)	"kmovq 2048+8*" #n "(%0), %%k" #n "\n\t"
#define STORE_ZMM(n)	"vmovdqu64 %%zmm" #n ", " #n "*64(%1)\n\t"
#define STORE_K(n)	"kmovq %%k" #n ", 2048+8*" #n "(%1)\n\t"

static int clobber_all(struct dune_tf *tf)
{
	uint32_t mxcsr = 0x1f80 | 0x6000;
	uint16_t control = 0x27f;

	asm volatile(EACH_ZMM(CLEAR_ZMM) EACH_K(CLEAR_K)
		     "ldmxcsr %0\n\tfninit\n\tfldcw %1\n\tfld1\n\tfld1"
		     : : "m" (mxcsr), "m" (control));
	return skip_ud2(tf);
}

TEST(all_vector_registers)
{
	static struct vectors in, out;
	size_t i;

	if (!__builtin_cpu_supports("avx512bw"))
		SKIP(return, "no AVX-512");
	ENTER();
	dune_trap_set_handler(6, clobber_all, 0);
	for (i = 0; i < offsetof(struct vectors, mxcsr); i++)
		((uint8_t *)&in)[i] = i * 7 + i / 64 + 1;
	in.mxcsr = 0x1f80 | 0x2000 | 0x20;
	in.x87_control = 0x77f;
	in.st0 = 1234.5;
	asm volatile(EACH_ZMM(LOAD_ZMM) EACH_K(LOAD_K)
		     "ldmxcsr 2112(%0)\n\tfninit\n\tfldcw 2116(%0)\n\tfldl 2120(%0)\n\t"
		     "ud2\n\t"
		     EACH_ZMM(STORE_ZMM) EACH_K(STORE_K)
		     "stmxcsr 2112(%1)\n\tfnstcw 2116(%1)\n\tfstpl 2120(%1)\n\tfninit\n\t"
		     "vzeroupper"
		     : : "r" (&in), "r" (&out) : "memory");
	asm volatile("ldmxcsr %0" : : "m" ((uint32_t){ 0x1f80 }));
	EXPECT_EQ(1, traps);
	for (i = 0; i < 32; i++)
		EXPECT_EQ(0, memcmp(in.zmm[i], out.zmm[i], 64)) TH_LOG("zmm%zu", i);
	for (i = 0; i < 8; i++)
		EXPECT_EQ(in.k[i], out.k[i]) TH_LOG("k%zu", i);
	EXPECT_EQ(in.mxcsr, out.mxcsr);
	EXPECT_EQ(in.x87_control, out.x87_control);
	EXPECT_EQ(in.st0, out.st0);
}

TEST_HARNESS_MAIN
