//===- Convert.cpp - frit convert -------------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Convert.h"

#include "tools/frit/CommandLine.h"

using namespace llvm;
using namespace frit;
using namespace frit::driver;

namespace {
struct ConvertArguments : CommandLine {
  ConvertArguments()
      : CommandLine("convert",
                    "Write a Hugging Face directory as a GGUF file for llama.cpp and frit") {}

  Option<std::string> model{*this, cl::Positional, cl::desc("DIRECTORY"),
                            cl::value_desc("DIRECTORY")};
  Option<std::string> output{*this, "o", cl::desc("Where the GGUF file goes"),
                             cl::value_desc("FILE")};
  Option<std::string> format{*this, "format",
                             cl::desc("Of matrices: f32, f16 (default), bf16, q8_0 or q4_0"),
                             cl::init("f16"), cl::value_desc("FORMAT")};
  Option<std::string> archSpec{*this, "arch-spec", cl::desc("Use this architecture record"),
                               cl::value_desc("FILE")};
  Option<std::string> like{*this, "like", cl::desc("Use the record of this architecture"),
                           cl::value_desc("NAME")};
};
} // namespace

int frit::driver::convertCommand(int argc, char **argv) {
  ConvertArguments arguments;
  if (std::optional<int> code = arguments.parse(argc, argv))
    return *code;
  if (arguments.model.empty())
    return usageError("convert", "expected a directory");
  if (arguments.output.empty())
    return usageError("convert", "expected a file for -o");
  std::optional<Format> format = formatByName(arguments.format.getValue());
  if (!format || !canQuantize(*format))
    return usageError("convert", "--format: expected f32, f16, bf16, q8_0 or q4_0, found '" +
                                     arguments.format + "'");
  ConvertJob job{arguments.model, arguments.output, {}};
  job.options.format = *format;
  job.options.import = {arguments.archSpec, arguments.like};
  return convertModel(job);
}
