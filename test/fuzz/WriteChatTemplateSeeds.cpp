//===- WriteChatTemplateSeeds.cpp - the first inputs of a fuzzer ----------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  std::filesystem::path directory = argv[1];
  std::filesystem::create_directories(directory);
  std::ofstream list(directory.string() + ".list");
  int count = 0;
  auto write = [&](const std::string &text) {
    std::filesystem::path path = directory / std::to_string(count);
    std::ofstream(path, std::ios::binary) << text;
    list << (count++ == 0 ? "" : ",") << path.string();
  };
  for (const auto &entry : std::filesystem::directory_iterator(FRIT_TEMPLATES)) {
    std::ifstream file(entry.path(), std::ios::binary);
    write({std::istreambuf_iterator<char>(file), {}});
  }
  for (const char *text :
       {"{% macro f(a, b=1) %}{{ a }}{% endmacro %}{{ f(2)|tojson(indent=2) }}",
        "{% set n = namespace(a=1) %}{% for i in range(3) if i is odd %}{% set n.a = n.a + i %}"
        "{% else %}{% break %}{% endfor %}",
        "{{ messages|map(attribute='role')|join(', ')|title|indent(2) }}",
        "{{ messages|selectattr('role', 'in', ['a'])|list|sort|unique|reverse|first }}",
        "{% raw %}a{% endraw %}{# b #}{{ 'a'.split('b')[::-1][0].strip() ~ 1.5 ** 2 // 3 % 4 }}"})
    write(text);
  if (!list.flush())
    std::fprintf(stderr, "%s: cannot write to %s\n", argv[0], argv[1]);
  return list ? 0 : 1;
}
