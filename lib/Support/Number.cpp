//===- Number.cpp - numbers as people write them ---------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Support/Number.h"

#include <charconv>

using namespace frit;

std::string frit::formatNumber(double number) {
  char buffer[32];
  auto result = std::to_chars(buffer, buffer + sizeof(buffer), number);
  return std::string(buffer, result.ptr);
}

double frit::shortestDecimal(float value) {
  char buffer[32];
  auto written = std::to_chars(buffer, buffer + sizeof(buffer), value);
  double shortest = 0;
  std::from_chars(buffer, written.ptr, shortest);
  return shortest;
}
