// In the middle: imports example:shop/catalogue, exports the resource of example:shop/tills.
#include "counter.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct exports_example_shop_tills_till_t {
  char *shop;
  uint32_t pence;
  size_t lines;
  char *line[64];
};

exports_example_shop_tills_own_till_t exports_example_shop_tills_constructor_till(counter_string_t *shop) {
  exports_example_shop_tills_till_t *till = calloc(1, sizeof *till);
  till->shop = strndup((char *)shop->ptr, shop->len);
  counter_string_free(shop);
  return exports_example_shop_tills_till_new(till);
}

bool exports_example_shop_tills_method_till_add(exports_example_shop_tills_borrow_till_t till, counter_string_t *name,
                                                uint32_t count, uint32_t *ret,
                                                exports_example_shop_tills_problem_t *err) {
  example_shop_catalogue_item_t item;
  if (!example_shop_catalogue_find(name, &item, err)) {
    counter_string_free(name);
    return false;
  }
  counter_string_free(name);
  till->pence += count * item.pence;
  if (till->lines < 64) {
    char text[200];
    int length = snprintf(text, sizeof text, "%u x %.*s", count, (int)item.name.len, item.name.ptr);
    for (size_t tag = 0; tag < item.tags.len && length < 100; tag++)
      length += snprintf(text + length, sizeof text - length, "%s%.*s", tag ? ", " : ": ", (int)item.tags.ptr[tag].len,
                         item.tags.ptr[tag].ptr);
    till->line[till->lines++] = strdup(text);
  }
  example_shop_catalogue_item_free(&item);
  *ret = till->pence;
  return true;
}

void exports_example_shop_tills_method_till_receipt(exports_example_shop_tills_borrow_till_t till,
                                                    counter_list_string_t *ret) {
  ret->len = till->lines + 1;
  ret->ptr = malloc(ret->len * sizeof *ret->ptr);
  counter_string_dup(&ret->ptr[0], till->shop);
  for (size_t i = 0; i < till->lines; i++) counter_string_dup(&ret->ptr[i + 1], till->line[i]);
}

uint32_t exports_example_shop_tills_static_till_close(exports_example_shop_tills_own_till_t till) {
  uint32_t pence = exports_example_shop_tills_till_rep(till)->pence;
  exports_example_shop_tills_till_drop_own(till);
  return pence;
}

void exports_example_shop_tills_till_destructor(exports_example_shop_tills_till_t *till) {
  for (size_t i = 0; i < till->lines; i++) free(till->line[i]);
  printf("%s closes\n", till->shop);
  fflush(stdout);
  free(till->shop);
  free(till);
}
