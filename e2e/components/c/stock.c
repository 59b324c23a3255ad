// A library: exports example:shop/catalogue.
#include "stock.h"
#include <string.h>

static const struct {
  const char *name;
  uint32_t pence;
  const char *tags[2];
} items[] = {{"tea", 310, {"hot", "loose"}}, {"crumpet", 45, {"round"}}, {"größe", 1, {0}}};

static bool same(const stock_string_t *text, const char *name) {
  return text->len == strlen(name) && memcmp(text->ptr, name, text->len) == 0;
}

bool exports_example_shop_catalogue_find(stock_string_t *name, exports_example_shop_catalogue_item_t *ret,
                                         exports_example_shop_catalogue_problem_t *err) {
  if (same(name, "bun")) {
    err->tag = EXPORTS_EXAMPLE_SHOP_CATALOGUE_PROBLEM_NOTHING_LEFT;
    stock_string_free(name);
    return false;
  }
  for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
    if (!same(name, items[i].name)) continue;
    size_t count = 0;
    while (count < 2 && items[i].tags[count]) count++;
    ret->name = *name;
    ret->pence = items[i].pence;
    ret->tags.len = count;
    ret->tags.ptr = count ? malloc(count * sizeof *ret->tags.ptr) : NULL;
    for (size_t tag = 0; tag < count; tag++) stock_string_dup(&ret->tags.ptr[tag], items[i].tags[tag]);
    return true;
  }
  err->tag = EXPORTS_EXAMPLE_SHOP_CATALOGUE_PROBLEM_UNKNOWN;
  err->val.unknown = *name;
  return false;
}
