import Foundation
import QMP
import Recording
import Testing

/// A recording in segments: nothing is lost or doubled between them, and each can be read alone.
@Suite(.onWorkbench, .showingLogs)
struct RotationTests {
    private let question = #"{"execute": "query-name"}"#

    /// The names of the segments in a directory, in order.
    private func segments(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    }

    private func items(_ path: String) throws -> [RecordingDecoder.Item.Content] {
        var decoder = RecordingDecoder()
        decoder.append([UInt8](try Data(contentsOf: URL(filePath: path)))[...])
        var items: [RecordingDecoder.Item.Content] = []
        while let item = try decoder.next() { items.append(item.content) }
        #expect(try decoder.finish() == nil)
        return items
    }

    private func lines(_ path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    @Test func losesAndDoublesNothingUnderLoad() throws {
        let directory = Workbench.current.path("rec") + "/"
        let proxy = try Proxy(QEMU(), monitor: 0, "--record", directory, "--rotate-size", "64KiB")
        let clients = try (0..<3).map { _ in try proxy.client() }
        let count = 600
        for client in clients {
            for id in 0..<20 { try client.send(#"{"execute": "query-name", "id": \#(id)}"#) }
        }
        for id in 20..<count {
            for client in clients {
                _ = try client.readLine()
                try client.send(#"{"execute": "query-name", "id": \#(id)}"#)
            }
        }
        for _ in 0..<20 {
            for client in clients { _ = try client.readLine() }
        }
        #expect(try proxy.stop() == .exited(0))

        let names = try segments(directory)
        #expect(names.count > 10)
        let all = try names.map { try items(directory + $0) }
        var entries: [Entry] = []
        for (index, segment) in all.enumerated() {
            guard case .header(let header) = segment.first else { throw Failure("\(names[index]) has no header") }
            #expect(header.previous == (index == 0 ? nil : names[index - 1]))
            #expect((header.greeting == nil) == (index == 0))
            if let last = entries.last { #expect(header.begins >= last.time) }
            for case .entry(let entry) in segment { entries.append(entry) }
            #expect(entries.count == all[...index].reduce(0) { $0 + $1.count - 1 })
        }
        #expect(entries.map(\.time) == entries.map(\.time).sorted())
        for client in 1...3 {
            // One for the negotiation, and each command once.
            let stages = entries.filter { $0.place == .client(client) && $0.command != nil }
            let numbers = stages.compactMap(\.command)
            #expect(stages.count { if case .received = $0.kind { true } else { false } } == count + 1)
            #expect(stages.count { if case .sent = $0.kind { true } else { false } } == count + 1)
            #expect(Set(numbers).count == count + 1)
        }
        let toMonitor = entries.filter { $0.place == .monitor }.compactMap(\.command)
        #expect(toMonitor.count == 2 * 3 * count)
        #expect(Set(toMonitor).count == 3 * count)
        #expect(try Proxy.run("show", directory, "--check").ending == .exited(0))
    }

    @Test func keepsAsManyAsItIsTold() throws {
        let directory = Workbench.current.path("rec")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        let foreign = ["other.qmprec", "vm0-b-20260101T000000.000000Z.qmprec", "vm0-notes.txt"]
        for name in foreign { try Data().write(to: URL(filePath: "\(directory)/\(name)")) }
        let proxy = try Proxy(
            QEMU(),
            monitor: 0,
            "--record",
            directory,
            "--rotate-size",
            "4KiB",
            "--keep-segments",
            "3"
        )
        let client = try proxy.client()
        for _ in 0..<200 { _ = try client.ask(question) }
        #expect(try proxy.stop() == .exited(0))
        let names = try segments(directory)
        #expect(names.filter { foreign.contains($0) } == foreign)
        let own = names.filter { !foreign.contains($0) }
        #expect(own.count == 3)
        let header = try lines("\(directory)/\(own[2])")[0]
        #expect(header.contains("\"previous\": \"\(own[1])\""))
    }

    /// As logrotate(8) does it, and as a person may.
    @Test func beginsANewFileOnSIGHUP() throws {
        let path = Workbench.current.path("vm0.qmprec")
        let proxy = try Proxy(QEMU(), monitor: 0, "--record", path)
        let client = try proxy.client()
        _ = try client.ask(question)
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        proxy.process.signal(SIGHUP)
        try proxy.process.waitForErrors(containing: "recording goes on in")
        _ = try client.ask(question)
        proxy.process.signal(SIGHUP)
        try proxy.process.waitForErrors(containing: "recording goes on in", times: 2)
        _ = try client.ask(question)
        #expect(try proxy.stop() == .exited(0))

        let directory = Workbench.current.directory
        let moved = try segments(directory).filter { $0.hasPrefix("vm0-2") && $0.hasSuffix(".qmprec") }
        #expect(moved.count == 1)
        for file in [path + ".1", "\(directory)/\(moved.first ?? "")", path] {
            let asked = try lines(file).filter { $0.contains(#""is": "received""#) && $0.contains(question) }
            #expect(asked.count == 1, "\(file)")
        }
        let header = try lines(path)[0]
        #expect(header.contains("\"previous\": \"\(moved.first ?? "")\""))
        #expect(header.contains("\"clients\": [{\"client\": 1, "))
    }
}
