/* SPDX-License-Identifier: MIT */
/* vmx.h - the EPT pointer's bits */
#define VMX_EPTP_MT_WB		0x6ull
#define VMX_EPTP_PWL_4		0x18ull
#define VMX_EPTP_AD_ENABLE_BIT	(1ull << 6)
