// A command by the interfaces of wasi:cli: uses example:shop/tills. Buys what its arguments name.
#include "customer.h"
#include <stdio.h>

bool exports_wasi_cli_run_run(void) {
  customer_list_string_t args;
  wasi_cli_environment_get_arguments(&args);
  customer_string_t shop;
  customer_string_set(&shop, "Corner shop");
  example_shop_tills_own_till_t till = example_shop_tills_constructor_till(&shop);
  example_shop_tills_borrow_till_t open = example_shop_tills_borrow_till(till);
  bool sold = true;
  for (size_t i = 1; i < args.len; i++) {
    uint32_t pence;
    example_shop_tills_problem_t problem;
    customer_string_t *name = &args.ptr[i];
    if (example_shop_tills_method_till_add(open, name, i, &pence, &problem)) {
      printf("%.*s: %u\n", (int)name->len, name->ptr, pence);
      continue;
    }
    sold = false;
    if (problem.tag == EXAMPLE_SHOP_CATALOGUE_PROBLEM_UNKNOWN)
      fprintf(stderr, "no %.*s\n", (int)problem.val.unknown.len, problem.val.unknown.ptr);
    else fprintf(stderr, "no more %.*s\n", (int)name->len, name->ptr);
    example_shop_tills_problem_free(&problem);
  }
  customer_list_string_free(&args);
  customer_list_string_t lines;
  example_shop_tills_method_till_receipt(open, &lines);
  for (size_t i = 0; i < lines.len; i++) printf("| %.*s\n", (int)lines.ptr[i].len, lines.ptr[i].ptr);
  customer_list_string_free(&lines);
  fflush(stdout);
  printf("%u pence\n", example_shop_tills_static_till_close(till));
  fflush(stdout);
  return sold;
}
