//===- BundleWriterTest.cpp - no half bundle, whatever happens ------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Bundle/BundleWriter.h"

#include "FakeBundle.h"
#include "lib/Runtime/BundleReader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace frit;
using namespace frit::test;

namespace {
class BundleWriterTest : public testing::Test {
protected:
  TemporaryDirectory directory;
  std::string path = directory.file("a.frit");
};

/// Packs are `bytes` times `fill`, in pieces.
Status writeBundle(const std::string &path, char fill, size_t bytes = 300'000) {
  auto writer = BundleWriter::create(path);
  if (!writer)
    return writer.takeFailure();
  for (auto kind :
       {BundleSectionKind::Manifest, BundleSectionKind::Code, BundleSectionKind::Packs}) {
    if (Status begun = writer->beginSection(kind); !begun)
      return begun;
    std::string piece(10'000, fill);
    for (size_t written = 0; written < bytes; written += piece.size())
      if (Status status = writer->write(piece.data(), piece.size()); !status)
        return status;
  }
  return writer->commit();
}

std::span<const uint8_t> packsOf(const BundleReader &reader) {
  return reader.section(BundleSectionKind::Packs).value_or(std::span<const uint8_t>());
}

/// The fill of a bundle that writeBundle() wrote; 0 if it is none, with a failure of the test.
char fillOf(const std::string &path) {
  auto reader = BundleReader::open(path);
  EXPECT_TRUE(reader) << reader.error();
  if (!reader)
    return 0;
  auto packs = packsOf(*reader);
  EXPECT_EQ(packs.size(), 300'000u);
  return static_cast<char>(packs.front());
}

std::string messageOf(Status status) { return status ? "written" : status.error(); }

/// Runs `function` in a child process; what it returns is the exit code.
template <typename Function>
int inChild(Function function) {
  pid_t child = fork();
  if (child == 0)
    _exit(function());
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
} // namespace

//===----------------------------------------------------------------------===//
// Replacing
//===----------------------------------------------------------------------===//

TEST_F(BundleWriterTest, NothingShowsBeforeCommit) {
  {
    auto writer = BundleWriter::create(path);
    ASSERT_TRUE(writer) << writer.error();
    ASSERT_TRUE(writer->addSection(BundleSectionKind::Manifest, "x"));
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_EQ(directory.files().size(), 1u);
    BundleWriter moved = *std::move(writer);
    ASSERT_TRUE(moved.addSection(BundleSectionKind::Code, "x"));
  }
  EXPECT_EQ(directory.files(), std::vector<std::string>());
}

/// Who has the old bundle open goes on reading it, in this process or another.
TEST_F(BundleWriterTest, ReplacesWhileOthersRead) {
  ASSERT_TRUE(writeBundle(path, 'a'));
  auto before = BundleReader::open(path);
  ASSERT_TRUE(before);
  int toChild[2], fromChild[2];
  ASSERT_EQ(pipe(toChild), 0);
  ASSERT_EQ(pipe(fromChild), 0);
  pid_t child = fork();
  if (child == 0) {
    auto reader = BundleReader::open(path);
    char byte = 0;
    if (write(fromChild[1], "r", 1) != 1 || read(toChild[0], &byte, 1) != 1)
      _exit(2);
    auto packs = packsOf(*reader);
    _exit(packs.front() == 'a' && packs.back() == 'a' ? 0 : 1);
  }
  char byte;
  ASSERT_EQ(read(fromChild[0], &byte, 1), 1);
  ASSERT_TRUE(writeBundle(path, 'b'));
  ASSERT_EQ(write(toChild[1], "g", 1), 1);
  int status;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  for (int end : {toChild[0], toChild[1], fromChild[0], fromChild[1]})
    close(end);
  EXPECT_EQ(packsOf(*before).back(), 'a');
  EXPECT_EQ(fillOf(path), 'b');
  EXPECT_EQ(directory.files(), std::vector<std::string>{"a.frit"});
}

/// At any time the path is a whole bundle of one of the writers.
TEST_F(BundleWriterTest, ConcurrentWriters) {
  ASSERT_TRUE(writeBundle(path, 'a'));
  std::atomic<int> writing = 4;
  std::vector<std::thread> threads;
  for (char fill = 'a'; fill < 'e'; ++fill)
    threads.emplace_back([&, fill] {
      for (int i = 0; i < 10; ++i) {
        Status status = writeBundle(path, fill);
        EXPECT_TRUE(status) << status.error();
      }
      --writing;
    });
  int reads = 0;
  for (; writing > 0; ++reads) {
    char fill = fillOf(path);
    EXPECT_TRUE(fill >= 'a' && fill < 'e') << fill;
  }
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_GT(reads, 0);
  EXPECT_EQ(directory.files(), std::vector<std::string>{"a.frit"});
}

TEST_F(BundleWriterTest, FollowsLinks) {
  ASSERT_TRUE(writeBundle(directory.file("target.frit"), 'a'));
  std::filesystem::create_symlink("target.frit", path);
  ASSERT_TRUE(writeBundle(path, 'b'));
  EXPECT_TRUE(std::filesystem::is_symlink(path));
  EXPECT_EQ(fillOf(directory.file("target.frit")), 'b');
  EXPECT_EQ(directory.files(), (std::vector<std::string>{"a.frit", "target.frit"}));
}

/// A path without a directory is in the current one.
TEST_F(BundleWriterTest, RelativePaths) {
  EXPECT_EQ(inChild([&] {
              return chdir(directory.path.c_str()) == 0 && writeBundle("b.frit", 'r') ? 0 : 1;
            }),
            0);
  EXPECT_EQ(fillOf(directory.file("b.frit")), 'r');
  EXPECT_EQ(directory.files(), std::vector<std::string>{"b.frit"});
}

//===----------------------------------------------------------------------===//
// Killed writers
//===----------------------------------------------------------------------===//

TEST_F(BundleWriterTest, RemovesWhatKilledWritersLeft) {
  ASSERT_TRUE(writeBundle(path, 'a'));
  writeBytes(directory.file("a.frit.tmp-notours"), "x");
  writeBytes(directory.file("b.frit.tmp-0123456789abcdef"), "x");
  int exit = inChild([&] {
    auto writer = BundleWriter::create(path);
    (void)writer->addSection(BundleSectionKind::Manifest, std::string(3'000'000, 'x'));
    return raise(SIGKILL);
  });
  EXPECT_EQ(exit, 128 + SIGKILL);
  EXPECT_EQ(fillOf(path), 'a');
  EXPECT_EQ(directory.files().size(), 4u);

  // The temporary of a live writer stays, that of the dead one goes.
  auto live = BundleWriter::create(path);
  ASSERT_TRUE(live);
  EXPECT_EQ(directory.files().size(), 4u);
  ASSERT_TRUE(writeBundle(path, 'b'));
  EXPECT_EQ(directory.files().size(), 4u);
  for (auto kind : {BundleSectionKind::Manifest, BundleSectionKind::Code, BundleSectionKind::Packs})
    ASSERT_TRUE(live->addSection(kind, std::string(300'000, 'c')));
  Status committed = live->commit();
  ASSERT_TRUE(committed) << committed.error();
  EXPECT_EQ(fillOf(path), 'c');
  EXPECT_EQ(directory.files(), (std::vector<std::string>{"a.frit", "a.frit.tmp-notours",
                                                         "b.frit.tmp-0123456789abcdef"}));
}

TEST_F(BundleWriterTest, KilledAtAnyTimeLeavesAWholeBundle) {
  ASSERT_TRUE(writeBundle(path, 'a'));
  for (int round = 0; round < 60; ++round) {
    pid_t child = fork();
    if (child == 0)
      for (char fill = 'b';; fill = fill == 'z' ? 'b' : static_cast<char>(fill + 1))
        if (!writeBundle(path, fill))
          _exit(1);
    std::this_thread::sleep_for(std::chrono::microseconds(100 + 211 * round % 7000));
    kill(child, SIGKILL);
    int status;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_NE(fillOf(path), 0);
    ASSERT_LE(directory.files().size(), 2u);
  }
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST_F(BundleWriterTest, NamesThePathThatCannotBeWritten) {
  writeBytes(directory.file("file"), "x");
  std::filesystem::create_directory(directory.file("folder"));
  auto expect = [&](const std::string &target, const std::string &message) {
    EXPECT_EQ(messageOf(writeBundle(target, 'a')), message);
  };
  std::string inFile = directory.file("file/a.frit"), nowhere = directory.file("no/a.frit");
  expect(inFile, "cannot write '" + inFile + "': Not a directory");
  expect(nowhere, "cannot create '" + nowhere + "': No such file or directory");
  expect(directory.file("folder"),
         "cannot write '" + directory.file("folder") + "': Is a directory");
  expect(directory.file("new/"), "cannot write '" + directory.file("new/") + "': Is a directory");
  expect("/proc/a.frit", "cannot create '/proc/a.frit': No such file or directory");
  expect("", "the path of the bundle is empty");
  std::string longName = directory.file(std::string(300, 'x'));
  expect(longName, "cannot write '" + longName + "': File name too long");
  EXPECT_EQ(directory.files(), (std::vector<std::string>{"file", "folder"}));
}

/// As root a rename would replace a device by a file.
TEST_F(BundleWriterTest, ReplacesOnlyFiles) {
  std::string fifo = directory.file("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(messageOf(writeBundle(fifo, 'a')),
            "cannot write '" + fifo + "': it exists and is no regular file");
  EXPECT_TRUE(std::filesystem::is_fifo(fifo));
  std::filesystem::create_symlink(fifo, path);
  EXPECT_EQ(messageOf(writeBundle(path, 'a')),
            "cannot write '" + path + "': it exists and is no regular file");
  std::string dangling = directory.file("dangling");
  std::filesystem::create_symlink("none", dangling);
  EXPECT_EQ(messageOf(writeBundle(dangling, 'a')),
            "cannot write '" + dangling + "': No such file or directory");
  EXPECT_EQ(directory.files().size(), 3u);
}

/// At each size of the limit: one error that names the path, the old bundle, no temporary.
TEST_F(BundleWriterTest, FileSizeLimit) {
  ASSERT_TRUE(writeBundle(path, 'a'));
  auto whole = std::filesystem::file_size(path);
  for (rlim_t limit = 0; limit < whole; limit += whole / 13) {
    int exit = inChild([&] {
      signal(SIGXFSZ, SIG_IGN);
      rlimit size = {limit, limit};
      setrlimit(RLIMIT_FSIZE, &size);
      return messageOf(writeBundle(path, 'b')) == "cannot write '" + path + "': File too large" ? 0
                                                                                                : 1;
    });
    EXPECT_EQ(exit, 0) << limit;
    EXPECT_EQ(fillOf(path), 'a');
    EXPECT_EQ(directory.files(), std::vector<std::string>{"a.frit"});
  }
}

TEST_F(BundleWriterTest, FullDisk) {
  constexpr int notPermitted = 77;
  int exit = inChild([&] {
    // A file system of 640 kB that only the child sees.
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", directory.path.c_str(), "tmpfs", 0, "size=640k") != 0)
      return notPermitted;
    if (messageOf(writeBundle(path, 'b')) != "cannot write '" + path + "': No space left on device")
      return 1;
    if (!directory.files().empty())
      return 2;
    // All of it is free again.
    return writeBundle(path, 'b', 150'000) ? 0 : 3;
  });
  if (exit == notPermitted)
    GTEST_SKIP() << "mounting a small file system is not permitted";
  EXPECT_EQ(exit, 0);
}

TEST_F(BundleWriterTest, FailuresAndMisuseStay) {
  auto writer = BundleWriter::create(path);
  ASSERT_TRUE(writer);
  EXPECT_EQ(messageOf(writer->write("x", 1)), "bytes outside of a section of '" + path + "'");
  for (int i = 0; i < 64; ++i)
    ASSERT_TRUE(writer->beginSection(BundleSectionKind::Packs));
  std::string tooMany = "'" + path + "' would have more than 64 sections";
  EXPECT_EQ(messageOf(writer->beginSection(BundleSectionKind::Packs)), tooMany);
  EXPECT_EQ(messageOf(writer->write("x", 1)), tooMany);
  EXPECT_EQ(messageOf(writer->padTo(64)), "written"); // nothing to pad
  EXPECT_EQ(messageOf(writer->commit()), tooMany);
  EXPECT_EQ(directory.files(), std::vector<std::string>());

  auto again = BundleWriter::create(path);
  ASSERT_TRUE(again->addSection(BundleSectionKind::Packs, "x"));
  ASSERT_TRUE(again->commit());
  EXPECT_EQ(messageOf(again->commit()), "'" + path + "' is already written");
  EXPECT_EQ(messageOf(again->beginSection(BundleSectionKind::Code)),
            "'" + path + "' is already written");
}
