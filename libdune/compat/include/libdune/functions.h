/* SPDX-License-Identifier: MIT */
/*
 * functions.h - what the original's libdune has, as DUNE_FN(result, name, arguments)
 *
 * Read by dune.h, which says what they are called, and by the library, where
 * each begins with dune_compat_: today's libdune has other functions by some of
 * these names. dune_compat(7) says what is not as it was.
 */

/* Enter: entry.c */
DUNE_FN(int, init, (bool map_full));
DUNE_FN(int, enter, (void));

/* This and that: util.c */
DUNE_FN(int, printf, (const char *fmt, ...)) __attribute__((format(printf, 1, 2)));
DUNE_FN(void, die, (void)) __attribute__((noreturn));
DUNE_FN(void, assert_failed, (const char *expr, const char *file, int line, const char *func))
	__attribute__((noreturn));
DUNE_FN(void *, mmap, (void *addr, size_t length, int prot, int flags, int fd, off_t offset));
DUNE_FN(dune_sighandler, signal, (int sig, dune_sighandler cb));
DUNE_FN(unsigned long, get_user_fs, (void));
DUNE_FN(void, set_user_fs, (unsigned long fs_base));

/* Traps and rings: trap.c, frame.S */
DUNE_FN(int, register_intr_handler, (int vec, dune_intr_cb cb));
DUNE_FN(int, register_signal_handler, (int signum, dune_intr_cb cb));
DUNE_FN(void, register_pgflt_handler, (dune_pgflt_cb cb));
DUNE_FN(void, register_syscall_handler, (dune_syscall_cb cb));
DUNE_FN(void, pop_trap_frame, (struct dune_tf *tf)) __attribute__((noreturn));
DUNE_FN(int, jump_to_user, (struct dune_tf *tf));
DUNE_FN(void, ret_from_user, (int ret)) __attribute__((noreturn));
DUNE_FN(void, dump_trap_frame, (struct dune_tf *tf));
DUNE_FN(void, passthrough_syscall, (struct dune_tf *tf));

/* APIC: apic.c */
DUNE_FN(uint32_t, apic_id, (void));
DUNE_FN(uint32_t, apic_id_for_cpu, (uint32_t cpu, bool *error));
DUNE_FN(void, apic_init_rt_entry, (void));
DUNE_FN(int, apic_send_ipi, (uint8_t vector, uint32_t dest_apic_id));
DUNE_FN(int, apic_eoi, (void));

/* Pages: page.c */
DUNE_FN(struct page *, page_alloc, (void));
DUNE_FN(void, page_free, (struct page *pg));
DUNE_FN(void, page_stats, (void));
DUNE_FN(bool, page_isfrompool, (physaddr_t pa));
DUNE_FN(struct page *, page_get, (struct page *pg));
DUNE_FN(void, page_put, (struct page *pg));

/* Page tables: vm.c */
DUNE_FN(uintptr_t, va_to_pa, (void *ptr));
DUNE_FN(ptent_t *, get_root, (void));
DUNE_FN(void, load_root, (unsigned long cr3));
DUNE_FN(int, vm_mprotect, (ptent_t *root, void *va, size_t len, int perm));
DUNE_FN(int, vm_map_phys, (ptent_t *root, void *va, size_t len, void *pa, int perm));
DUNE_FN(int, vm_map_pages, (ptent_t *root, void *va, size_t len, int perm));
DUNE_FN(void, vm_unmap, (ptent_t *root, void *va, size_t len));
DUNE_FN(int, vm_lookup, (ptent_t *root, void *va, int create, ptent_t **pte_out));
DUNE_FN(int, vm_insert_page, (ptent_t *root, void *va, struct page *pg, int perm));
DUNE_FN(struct page *, vm_lookup_page, (ptent_t *root, void *va));
DUNE_FN(ptent_t *, vm_clone, (ptent_t *root));
DUNE_FN(void, vm_free, (ptent_t *root));
DUNE_FN(void, vm_default_pgflt_handler, (uintptr_t addr, uint64_t fec));
DUNE_FN(int, vm_page_walk, (ptent_t *root, void *start_va, void *end_va, page_walk_cb cb,
			    const void *arg));

/* What the process has mapped: procmap.c */
DUNE_FN(void, procmap_iterate, (dune_procmap_cb cb));
DUNE_FN(void, procmap_dump, (void));

/* ELF files: elf.c */
DUNE_FN(int, elf_open, (struct dune_elf *elf, const char *path));
DUNE_FN(int, elf_open_mem, (struct dune_elf *elf, void *mem, int len));
DUNE_FN(int, elf_close, (struct dune_elf *elf));
DUNE_FN(int, elf_dump, (struct dune_elf *elf));
DUNE_FN(int, elf_iter_sh, (struct dune_elf *elf, dune_elf_shcb cb));
DUNE_FN(int, elf_iter_ph, (struct dune_elf *elf, dune_elf_phcb cb));
DUNE_FN(int, elf_load_ph, (struct dune_elf *elf, Elf64_Phdr *phdr, off_t off));
