import Foundation
import PluginKit
import ProxyIO
import QMP
import Testing

@testable import ProxyCommand

/// A setting that is a directory: the plugin gets its files, and opens none itself.
@Suite(.timeLimit(.minutes(15)))
struct PluginDirectoryTests {
    /// A directory that is gone when the test is over.
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appending(path: "qmp-proxy-\(UUID())").path

        init(_ files: [String: [UInt8]] = [:]) throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            for (name, bytes) in files {
                try #require(FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data(bytes)))
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private func configuration(_ plugin: String, flags: [String] = []) -> ConfigurationCase {
        let yaml = PluginConfigurationTests.file("  - \(plugin)")
        return ConfigurationCase(yaml: yaml, flags: flags, plugins: [ConfiguredPlugins.Reading.self])
    }

    private func instance(_ plugin: String, flags: [String] = []) throws -> PluginInstance {
        try #require(try configuration(plugin, flags: flags).monitors().first?.plugins.first)
    }

    private func told(_ setting: String) throws -> [String] {
        try configuration("books: {runbooks: \(setting)}").told()
    }

    @Test func itsFilesComeInTheOrderOfTheirNames() throws {
        let folder = try Folder(["b.qmp": Array("b\n".utf8), "a": Array("ä".utf8), "B": [0x42], ".hidden": [0xFF]])
        let subfolder = "\(folder.path)/c"
        try FileManager.default.createDirectory(atPath: subfolder, withIntermediateDirectories: false)
        let instance = try instance("books: {runbooks: \(folder.path)}")
        let books = try #require(instance.plugin as? ConfiguredPlugins.Reading).books
        #expect(books == [.init("B", .text("B")), .init("a", .text("ä")), .init("b.qmp", .text("b\n"))])
        #expect(
            instance.settings["runbooks"]?["files"] == .array([.string("B"), .string("a"), .string("b.qmp")])
        )
        #expect(instance.settings["runbooks"]?["directory"] == .string(folder.path))
    }

    @Test func aFlagSetsItAsWell() throws {
        let folder = try Folder(["a": [0x61]])
        let instance = try instance("books", flags: ["--set", "books.runbooks=\(folder.path)/"])
        let books = try #require(instance.plugin as? ConfiguredPlugins.Reading).books
        #expect(books == [.init("a", .text("a"))])
    }

    @Test func otherTextsStayTexts() throws {
        #expect(try instance("books: {title: /tmp}").settings["title"] == .string("/tmp"))
    }

    @Test(arguments: [
        ("/does/not/exist", "cannot read /does/not/exist: No such file or directory"),
        ("/dev/null", "cannot read /dev/null: Not a directory"),
        ("''", "wanted is the path of a directory"),
        ("[a]", "wanted is the path of a directory"),
        ("{a: b}", "wanted is the path of a directory"),
        ("{file: /etc/hostname}", "wanted is the path of a directory"),
    ])
    func hasToBeThere(setting: String, problem: String) throws {
        #expect(try told(setting) == ["vm.yaml:6:23: monitors[0].plugins[0].books.runbooks: \(problem)"])
    }

    @Test func whatIsWrongWithAFileIsToldAtTheSetting() throws {
        let folder = try Folder(["a": []])
        let place = "vm.yaml:6:23: monitors[0].plugins[0].books.runbooks"
        #expect(try told(folder.path) == ["\(place).a: line 1: there is nothing"])
        try Data([0x68, 0xFF]).write(to: URL(filePath: "\(folder.path)/a"))
        #expect(try told(folder.path) == ["\(place): \(folder.path)/a is not UTF-8"])
        try Data(count: SettingsDirectory.bytesPerFileMax + 1).write(to: URL(filePath: "\(folder.path)/a"))
        #expect(try told(folder.path) == ["\(place): \(folder.path)/a has more than 256KiB"])
    }

    @Test func aPipeInItIsNotWaitedFor() throws {
        let folder = try Folder()
        #expect(mkfifo("\(folder.path)/p", 0o600) == 0)
        let problem = "\(folder.path)/p is no regular file"
        #expect(try told(folder.path) == ["vm.yaml:6:23: monitors[0].plugins[0].books.runbooks: \(problem)"])
    }

    @Test func itHasAtMostAHundredFiles() throws {
        let names = (0..<SettingsDirectory.filesMax).map { "\($0)" }
        let folder = try Folder(Dictionary(uniqueKeysWithValues: names.map { ($0, [0x61]) }))
        #expect(try told(folder.path) == [])
        try Data([0x61]).write(to: URL(filePath: "\(folder.path)/more"))
        let problem = "\(folder.path) has more than 100 files"
        #expect(try told(folder.path) == ["vm.yaml:6:23: monitors[0].plugins[0].books.runbooks: \(problem)"])
    }
}
