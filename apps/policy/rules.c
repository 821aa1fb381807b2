/* SPDX-License-Identifier: MIT */
/*
 * rules.c - ACTION CALL... [if CONDITION [, CONDITION]...]
 */
#include <errno.h>
#include <string.h>

#include "statements.h"

/* Leaves the token behind the action at hand; false: there is none. */
bool read_action(struct parser *s, struct policy_action *a)
{
	*a = (struct policy_action){ 0 };
	if (at_word(s, "allow")) {
		a->kind = ACTION_ALLOW;
	} else if (at_word(s, "log")) {
		a->kind = ACTION_LOG;
	} else if (at_word(s, "kill")) {
		a->kind = ACTION_KILL;
	} else if (at_word(s, "errno")) {
		a->kind = ACTION_ERRNO;
		next(s);
		if (!errno_value(need_word(s, "an error's name"), &a->value))
			fail(s, "there is no error '%.60s'", s->token.text);
	} else if (at_word(s, "emulate")) {
		uint64_t v;

		a->kind = ACTION_EMULATE;
		next(s);
		v = value(s);
		if (v > INT32_MAX)
			fail(s, "a call can be made to return 0 to %d", INT32_MAX);
		a->value = v;
		return true;
	} else {
		return false;
	}
	next(s);
	return true;
}

static const struct {
	const char	*name;
	uint32_t	set;
} classes[] = {
	{ "stdin", CLASS_STDIN }, { "stdout", CLASS_STDOUT }, { "stderr", CLASS_STDERR },
	{ "file", CLASS_FILE }, { "dir", CLASS_DIR }, { "pipe", CLASS_PIPE },
	{ "socket", CLASS_SOCKET }, { "device", CLASS_DEVICE },
};

/* stdin|file: one name or several. */
static uint64_t class_set(struct parser *s)
{
	uint64_t set = 0;
	unsigned int i;

	for (;;) {
		need_word(s, "a class of descriptors");
		for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
			if (at_word(s, classes[i].name))
				break;
		if (i == sizeof(classes) / sizeof(classes[0]))
			fail(s, "there is no class of descriptors '%.60s'", s->token.text);
		set |= classes[i].set;
		next(s);
		if (!at_operator(s, "|"))
			return set;
		next(s);
	}
}

static enum condition_op comparison(struct parser *s)
{
	static const char *const ops[] = { "==", "!=", "<", "<=", ">", ">=" };
	unsigned int i;

	for (i = 0; i < 6; i++) {
		if (at_operator(s, ops[i])) {
			next(s);
			return i;
		}
	}
	fail(s, "a comparison was expected");
}

/* argN is CLASS, argN OP VALUE, argN & MASK OP VALUE */
static void condition(struct parser *s)
{
	struct policy_condition *c;
	const char *arg = need_word(s, "a condition");

	if (strlen(arg) != 4 || strncmp(arg, "arg", 3) || arg[3] < '0' || arg[3] > '5')
		fail(s, "arg0 to arg5 was expected");
	if (s->p->nr_conditions == MAX_CONDITIONS)
		fail(s, "too many conditions");
	c = &s->p->condition[s->p->nr_conditions++];
	*c = (struct policy_condition){ .arg = arg[3] - '0', .mask = ~0ULL };
	next(s);
	if (at_word(s, "is")) {
		next(s);
		c->op = OP_CLASS;
		c->value = class_set(s);
		return;
	}
	if (at_operator(s, "&")) {
		next(s);
		c->mask = value(s);
	}
	c->op = comparison(s);
	c->value = value(s);
}

static void add_rule(struct parser *s, unsigned int nr, const struct policy_rule *rule)
{
	struct policy *p = s->p;

	if (p->nr_rules == MAX_RULES)
		fail(s, "too many rules");
	p->rule[p->nr_rules++] = *rule;
	if (p->first[nr])
		p->rule[p->last[nr] - 1].next = p->nr_rules;
	else
		p->first[nr] = p->nr_rules;
	p->last[nr] = p->nr_rules;
}

/* Calls named in a statement, one bit each. */
static void name_call(struct parser *s, uint64_t set[NR_CALLS / 64])
{
	const char *name = s->token.text;
	int nr = s->resolve(name);

	if (nr < 0)
		fail(s, "there is no system call '%.60s'", name);
	if (nr >= NR_CALLS || !calls[nr].name)
		fail(s, "dune-run never passes on the system call '%.60s'", name);
	set[nr / 64] |= 1ULL << nr % 64;
}

static void name_group(struct parser *s, uint64_t set[NR_CALLS / 64])
{
	unsigned int group, nr;

	for (group = 1; group < NR_GROUPS; group++)
		if (!strcmp(s->token.text + 1, call_groups[group]))
			break;
	if (group == NR_GROUPS)
		fail(s, "there is no group of system calls '%.60s'", s->token.text);
	for (nr = 0; nr < NR_CALLS; nr++)
		if (calls[nr].group == group)
			set[nr / 64] |= 1ULL << nr % 64;
}

void rules(struct parser *s, const struct policy_action *a)
{
	uint64_t set[NR_CALLS / 64] = { 0 };
	struct policy_rule rule = {
		.action = *a, .line = s->token.line, .condition = s->p->nr_conditions,
	};
	unsigned int nr;

	do {
		need_word(s, "a system call");
		if (s->token.text[0] == '@')
			name_group(s, set);
		else
			name_call(s, set);
		next(s);
	} while (!at_end(s) && !at_word(s, "if"));

	if (at_word(s, "if")) {
		do {
			next(s);
			condition(s);
		} while (at_operator(s, ","));
	}
	rule.nr_conditions = s->p->nr_conditions - rule.condition;
	for (nr = 0; nr < NR_CALLS; nr++)
		if (set[nr / 64] & 1ULL << nr % 64)
			add_rule(s, nr, &rule);
}
