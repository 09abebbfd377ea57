//===- Calibrate.cpp - frit calibrate --------------------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Calibrate.h"

#include "tools/frit/CommandLine.h"

using namespace llvm;
using namespace frit::driver;

namespace {
struct CalibrateArguments : CommandLine {
  CalibrateArguments()
      : CommandLine("calibrate", "Measure this machine and write its description") {}

  Option<std::string> output{*this, "o", cl::value_desc("file"),
                             cl::desc("Where to write it; by default where --target=native\\n"
                                      "finds it: $XDG_CONFIG_HOME/frit/machine.json")};
  Option<unsigned> rounds{*this, "rounds", cl::value_desc("n"), cl::init(9),
                          cl::desc("How often everything is measured (9), from 4 to 1000")};
  Option<double> tolerance{*this, "tolerance", cl::value_desc("percent"), cl::init(10),
                           cl::desc("How far apart the middle half of the measurements may lie\\n"
                                    "(10); otherwise the machine is too busy, and nothing is\\n"
                                    "written")};
};
} // namespace

int frit::driver::calibrateCommand(int argc, char **argv) {
  CalibrateArguments arguments;
  if (std::optional<int> code = arguments.parse(argc, argv))
    return *code;
  if (arguments.rounds < 4 || arguments.rounds > 1000)
    return usageError("calibrate", "--rounds: expected a number from 4 to 1000");
  if (!(arguments.tolerance > 0))
    return usageError("calibrate", "--tolerance: expected a number above 0");
  return calibrate({arguments.output, arguments.rounds, arguments.tolerance});
}
