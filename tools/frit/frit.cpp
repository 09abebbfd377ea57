//===- frit.cpp - the driver: one program, many commands ------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Output.h"
#include "lib/Driver/Resources.h"
#include "lib/Driver/Version.h"
#include "tools/frit/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <csignal>

using namespace llvm;
using namespace frit::driver;

namespace {
struct Command {
  StringRef name, summary;
  int (*run)(int argc, char **argv);
};
} // namespace

static const Command commands[] = {
    {"run", "have a model write, or chat with it", runCommand},
    {"bench", "measure how fast a model reads and writes", benchCommand},
    {"compile", "compile a model to a bundle, or a part of the way", compileCommand},
    {"convert", "write a Hugging Face directory as a GGUF file", convertCommand},
    {"verify", "compare the compiled model with the reference interpreter", verifyCommand},
    {"explain", "say why which ops of a model are fused on a machine", explainCommand},
    {"characterize", "say what a model computes and moves, op by op", characterizeCommand},
    {"roofline", "say what bounds each phase of a model on machines", rooflineCommand},
    {"select", "say on which machines a model is fast enough", selectCommand},
    {"inspect", "say what a model consists of", inspectCommand},
    {"targets", "list the machines that frit compiles or plans for", targetsCommand},
    {"calibrate", "measure this machine, so that plans for it are right", calibrateCommand},
    {"archs", "list the architectures that frit reads", archsCommand},
    {"cache", "list or clear the models that run and bench compiled", cacheCommand},
};

static void printHelp() {
  outs() << "frit compiles transformer models to code that runs them.\n\n"
            "usage: frit COMMAND [options]\n\ncommands:\n";
  for (const Command &command : commands)
    outs() << "  " << left_justify(command.name, 14) << command.summary << "\n";
  outs() << "\n'frit COMMAND --help' lists the options of a command; 'frit --version' says which\n"
            "compiler this is and for which machines.\n";
}

static int dispatch(int argc, char **argv) {
  char help[] = "--help";
  StringRef word = argc > 1 ? argv[1] : "";
  char *helpOf[] = {argv[0], argc == 3 ? argv[2] : nullptr, help, nullptr};
  if (word == "help" && argc == 3)
    return dispatch(argc, helpOf);
  if (word == "--help" || word == "-help" || word == "-h" || word == "help")
    return printHelp(), ExitSuccess;
  if (word == "--version" || word == "-version")
    return outs() << versionText(), ExitSuccess;
  for (const Command &command : commands)
    if (word == command.name)
      return command.run(argc, argv);
  if (word.empty())
    return usageError("", "expected a command");
  if (word.starts_with("-"))
    return usageError("", ("unknown option '" + word + "'").str());
  const Command *nearest = &commands[0];
  for (const Command &command : commands)
    if (word.edit_distance(command.name) < word.edit_distance(nearest->name))
      nearest = &command;
  std::string hint;
  if (word.edit_distance(nearest->name) <= 2)
    hint = ("; did you mean '" + nearest->name + "'?").str();
  return usageError("", ("unknown command '" + word + "'" + hint).str());
}

/// Whether what the standard output's buffer held has arrived.
static int finishOutput(int code) {
  outs().flush();
  std::error_code error = outs().error();
  if (!error)
    return code;
  outs().clear_error();
  if (error == std::errc::broken_pipe)
    return ExitPipeClosed;
  printError("cannot write to the standard output: " + error.message());
  return ExitFailure;
}

int main(int argc, char **argv) {
  reportLackOfResources();
  // A reader that went away and a file that may grow no further (ulimit -f) are errors of write(),
  // which leave nothing behind, not the end of the process.
  for (int signal : {SIGPIPE, SIGXFSZ})
    std::signal(signal, SIG_IGN);
  return finishOutput(dispatch(argc, argv));
}
