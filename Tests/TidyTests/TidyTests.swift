import Foundation
import Testing

/// The sources themselves: who may import whom, how long things are, which words are not used.
@Suite(.timeLimit(.minutes(15)))
struct TidyTests {
    private let tree = SourceTree()

    /// What each target may import; a split exists because of an import that it makes impossible.
    private let allowed: [String: Set<String>] = [
        "QMP": ["CSupport"],
        "Recording": ["QMP", "CSupport"],
        "PluginKit": ["QMP"],
        "COLO": ["PluginKit", "QMP"],
        "Pass": ["PluginKit", "QMP"],
        "Guard": ["PluginKit", "QMP"],
        "Exec": ["PluginKit", "QMP"],
        "ProxyCore": ["PluginKit", "QMP", "Recording"],
        "ProxyTesting": ["PluginKit", "ProxyCore", "QMP", "Recording"],
        "Libevent": ["CLibevent", "CSupport", "Glibc", "Synchronization"],
        "ProxyIO": [
            "CSupport", "Dispatch", "Glibc", "Libevent", "Logging", "PluginKit", "ProxyCore", "QMP", "Recording",
            "Synchronization",
        ],
        "ProxyCommand": [
            "ArgumentParser", "COLO", "CSupport", "Exec", "Foundation", "Glibc", "Guard", "Libevent", "Logging", "Pass",
            "PluginKit", "ProxyCore", "ProxyIO", "QMP", "Recording", "Yams",
        ],
        "qmp-proxy": ["ProxyCommand"],
    ]

    @Test func everyTargetImportsOnlyWhatItMay() {
        for file in tree.swiftFiles(under: "Sources") + tree.swiftFiles(under: "Plugins") {
            let banned = Set(file.imports).subtracting(allowed[file.target] ?? [])
            #expect(banned.isEmpty, "\(file) imports \(banned.sorted()), which \(file.target) may not")
        }
    }

    @Test func onlyLibeventMayClaimThatSomethingIsSafe() {
        for file in tree.swiftFiles(under: "Sources") + tree.swiftFiles(under: "Plugins")
        where file.target != "Libevent" {
            for word in ["@unchecked Sendable", "nonisolated(unsafe)", "@preconcurrency"] {
                #expect(!file.text.contains(word), "\(file) says \(word): only Sources/Libevent may, with a proof")
            }
        }
    }

    @Test func filesFunctionsAndLinesAreShort() {
        for folder in ["Sources", "Plugins", "Tests"] {
            for file in tree.swiftFiles(under: folder) {
                #expect(file.lines.count <= 401, "\(file) has \(file.lines.count) lines: one subject a file")
                // A line of JSON inside a string stays whole.
                for (number, line) in file.lines.enumerated() where !line.contains("{\"") {
                    let length = line.unicodeScalars.count
                    #expect(length <= 120, "\(file):\(number + 1) has \(length) characters")
                }
                for (start, length) in functions(in: file) where length > 70 {
                    Issue.record("\(file):\(start) is a function of \(length) lines: it should fit a screen")
                }
            }
        }
    }

    /// Where functions begin, and how long they are: to the closing brace of the same indentation.
    private func functions(in file: SourceTree.File) -> [(start: Int, length: Int)] {
        let lines = file.lines
        return lines.indices.compactMap { index in
            let indentation = lines[index].prefix { $0 == " " }
            guard lines[index].contains("func ") || lines[index].contains(" init("), lines[index].hasSuffix("{") else {
                return nil
            }
            let end = lines[index...].firstIndex { $0 == indentation + "}" } ?? index
            return (index + 1, end - index + 1)
        }
    }

    @Test func wordsThatHaveABetterOneAreNotUsed() {
        let banned: [(word: String, instead: String, except: Set<String>)] = [
            ("print(", "a log line, or the command's own output", ["ProxyCommand"]),
            ("Date(", "the clock that comes in with the event", ["ProxyCommand"]),
            ("fatalError(", "preconditionFailure with the reason", []),
            ("TO" + "DO", "an issue", []),
            ("FIX" + "ME", "an issue", []),
            ("try!", "an error that is handled", []),
            ("sleep(", "waiting for a fact", []),
        ]
        for file in tree.swiftFiles(under: "Sources") + tree.swiftFiles(under: "Plugins") {
            for (word, instead, except) in banned where !except.contains(file.target) {
                for (number, line) in file.lines.enumerated() where line.contains(word) {
                    Issue.record("\(file):\(number + 1) says \(word) — \(instead) is wanted")
                }
            }
        }
    }

    @Test func noTestSleeps() {
        for file in tree.swiftFiles(under: "Tests") where file.target != "TidyTests" && file.target != "Benchmarks" {
            for word in ["Task.sleep", "usleep(", "Thread.sleep"] {
                #expect(!file.text.contains(word), "\(file) says \(word): wait for a fact instead")
            }
        }
    }

    @Test func everyRecordingIsNamedInREADME() {
        let folder = tree.root.appending(path: "Recordings").path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let readme = tree.text("README.md")
        for name in names where name.hasSuffix(".qmprec") {
            #expect(readme.contains(name), "README.md does not say what Recordings/\(name) is")
        }
    }

    @Test func theTopLevelHoldsWhatItShould() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: tree.root.path)
        let known: Set = [
            "LICENSE", "Package.resolved", "Package.swift", "Plugins", "README.md", "Recordings", "Sources", "Tests",
        ]
        #expect(names.filter { !$0.hasPrefix(".") && !known.contains($0) } == [])
    }
}
