/*===- client.c - a C program that uses an installed frit -----------------===*\
|*
|* Part of frit, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#include "frit/Runtime/Runtime.h"

#include <stdio.h>

int main(void) {
  frit_model *model = NULL;
  if (frit_model_open("no-such-file.frit", NULL, &model) == FRIT_OK)
    return 1;
  printf("frit %s: %s\n", frit_version(), frit_last_error());
  return 0;
}
