/* SPDX-License-Identifier: MIT */
/*
 * work_xml.c - a document parsed by expat into a tree of objects
 *
 * The tree is the program's, and so is the document, of 20 MiB, written here.
 * Expat's own memory is malloc()'s.
 */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "work.h"

#define DOCUMENT	(20UL << 20)
#define CHUNK		65536
#define MAX_ITEM	1024

static const char prose[] =
	"A part like this one is made of several pieces, which are cut, turned and polished "
	"before they are put together. It is looked at twice: once before it gets its coat of "
	"paint, and once more when the paint is dry. Whoever buys it gets a leaf of paper with "
	"it that says who made it, of what, and on which day. It should be kept where it is "
	"dry and neither hot nor cold, away from the reach of children. If it breaks within "
	"two years, and nobody has tried to take it apart, another one is sent in its place; "
	"the broken one is melted down and used again for whatever is made of it next.";

struct element {
	struct element	*parent, *first, *last, *next;
	char		*name, *text;
	char		**attributes;
};

/* What is parsed so far; on the stack of run(), and so a root. */
struct tree {
	struct element	*root, *at;
	long		elements;
};

static char *copy_text(const char *s, size_t size)
{
	char *p = new_object(size + 1, true);

	return memcpy(p, s, size);
}

static char **copy_attributes(const char **attributes)
{
	char **copy;
	int n, i;

	for (n = 0; attributes[n]; n++)
		;
	copy = new_object((n + 1) * sizeof(*copy), false);
	for (i = 0; i < n; i++)
		copy[i] = copy_text(attributes[i], strlen(attributes[i]));
	return copy;
}

static void on_start(void *data, const char *name, const char **attributes)
{
	struct tree *tree = data;
	struct element *e = new_object(sizeof(*e), false);

	e->name = copy_text(name, strlen(name));
	e->attributes = copy_attributes(attributes);
	e->parent = tree->at;
	if (!tree->at)
		tree->root = e;
	else if (tree->at->last)
		tree->at->last->next = e;
	else
		tree->at->first = e;
	if (tree->at)
		tree->at->last = e;
	tree->at = e;
	tree->elements++;
}

static void on_end(void *data, const char *name)
{
	struct tree *tree = data;

	tree->at = tree->at->parent;
}

static void on_text(void *data, const char *s, int size)
{
	struct tree *tree = data;

	tree->at->text = copy_text(s, size);
}

/* A catalogue of so many items; how many elements that makes. */
static long write_document(char *to, size_t size, size_t *used)
{
	uint64_t random = 1;
	size_t n = sprintf(to, "<catalogue>\n");
	long items = 0;

	while (n < size) {
		n += sprintf(to + n, "<item id=\"%ld\" kind=\"k%lu\"><name>part %lu</name>"
			     "<price currency=\"EUR\">%lu.%02lu</price><text>%.*s</text></item>\n",
			     items, next_random(&random) % 100, next_random(&random) % 100000,
			     next_random(&random) % 1000, next_random(&random) % 100,
			     (int)(next_random(&random) % sizeof(prose)), prose);
		items++;
	}
	n += sprintf(to + n, "</catalogue>\n");
	*used = n;
	return 1 + 4 * items;
}

static bool parse(const char *document, size_t size, struct tree *tree)
{
	XML_Parser parser = XML_ParserCreate(NULL);
	size_t at, n;
	bool ok = parser;

	if (!parser)
		return false;
	XML_SetUserData(parser, tree);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	for (at = 0; ok && at < size; at += n) {
		n = size - at < CHUNK ? size - at : CHUNK;
		ok = XML_Parse(parser, document + at, n, at + n == size);
		memory->safepoint();
	}
	XML_ParserFree(parser);
	return ok;
}

/* Elements in the tree, if each is as it should be; else some other number. */
static long count(const struct element *e, const struct element *parent)
{
	const struct element *child;
	long n = 1;

	if (e->parent != parent)
		return -1000000000;
	if (!strcmp(e->name, "item") && strcmp(e->attributes[0], "id"))
		return -1000000000;
	for (child = e->first; child; child = child->next)
		n += count(child, e);
	return n;
}

static const char *run(int thread, int threads, double scale)
{
	size_t size = DOCUMENT * scale / threads, used;
	char *document = malloc(size + 2 * MAX_ITEM);
	struct tree tree = { 0 };
	const char *wrong = NULL;
	long elements;

	if (!document)
		return "no memory for the document";
	elements = write_document(document, size, &used);
	if (!parse(document, used, &tree))
		wrong = "the document cannot be parsed";
	if (!thread)
		memory->collect();
	if (!wrong && (tree.elements != elements || count(tree.root, NULL) != elements))
		wrong = "the tree is not the document's";
	free(document);
	return wrong;
}

const struct workload work_xml = { "xml", run };
