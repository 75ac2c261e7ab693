import Foundation
import Testing

/// Descriptors that clients pass arrive, work, and are let go of.
@Suite(.onWorkbench, .showingLogs)
struct DescriptorTests {
    @Test func getfdThenMigrateWritesIntoTheDescriptor() throws {
        let client = try Proxy(QEMU()).client()
        let pipe = try Descriptors.Pipe()
        let getfd = #"{"execute": "getfd", "arguments": {"fdname": "stream"}, "id": 1}"#
        #expect(try client.ask(getfd, descriptors: [pipe.writeEnd]) == "{\"return\": {}, \"id\": 1}\r\n")
        pipe.closeWriteEnd()
        #expect(try client.ask(#"{"execute": "migrate", "arguments": {"uri": "fd:stream"}}"#) == "{\"return\": {}}\r\n")
        #expect(try pipe.text(ofLength: 4) == "QEVM")
    }

    @Test func closefdClosesTheDescriptor() throws {
        let client = try Proxy(QEMU()).client()
        let pipe = try Descriptors.Pipe()
        let getfd = #"{"execute": "getfd", "arguments": {"fdname": "d"}}"#
        #expect(try client.ask(getfd, descriptors: [pipe.writeEnd]) == "{\"return\": {}}\r\n")
        pipe.closeWriteEnd()
        #expect(!pipe.isClosed(within: .zero))
        let closefd = #"{"execute": "closefd", "arguments": {"fdname": "d"}}"#
        #expect(try client.ask(closefd) == "{\"return\": {}}\r\n")
        #expect(pipe.isClosed())
        #expect(try client.ask(closefd).contains("File descriptor named 'd' not found"))
    }

    @Test func aNameMadeByGetfdOutlivesItsClientAndIsTold() throws {
        let proxy = try Proxy(QEMU())
        let pipe = try Descriptors.Pipe()
        let first = try proxy.client()
        _ = try first.ask(#"{"execute": "getfd", "arguments": {"fdname": "kept"}}"#, descriptors: [pipe.writeEnd])
        first.halfClose()
        #expect(try first.readToEnd() == "")
        #expect(try proxy.status().contains("\"kept\""))
        let closefd = #"{"execute": "closefd", "arguments": {"fdname": "kept"}}"#
        #expect(try proxy.client().ask(closefd) == "{\"return\": {}}\r\n")
        #expect(try !proxy.status().contains("\"kept\""))
    }

    @Test func whatIsReadFromOneFdsetIsWrittenToAnother() throws {
        let bench = Workbench.current
        let client = try Proxy(QEMU()).client()
        let text = String(repeating: "bytes that go through QEMU, 32 B\n", count: 2048).prefix(65536)
        let source = try Descriptors.open(bench.path("source"), containing: String(text))
        let target = try Descriptors.open(bench.path("target"), containing: String(repeating: "-", count: 65536))
        for (set, descriptor) in [(1, source), (2, target)] {
            let reply = try client.ask(
                #"{"execute": "add-fd", "arguments": {"fdset-id": \#(set)}, "id": \#(set)}"#,
                descriptors: [descriptor]
            )
            #expect(reply.contains("\"fdset-id\": \(set)}, \"id\": \(set)}"))
            close(descriptor)
            let node = #""driver": "file", "node-name": "n\#(set)", "filename": "/dev/fdset/\#(set)", "locking": "off""#
            let added = try client.ask(#"{"execute": "blockdev-add", "arguments": {\#(node)}}"#)
            try #require(added == "{\"return\": {}}\r\n")
        }
        let job = #""job-id": "j", "device": "n1", "target": "n2", "sync": "full""#
        try client.send(#"{"execute": "blockdev-backup", "arguments": {\#(job)}}"#)
        try client.readEvent("BLOCK_JOB_COMPLETED")
        let delete = #"{"execute": "blockdev-del", "arguments": {"node-name": "n2"}, "id": "deleted"}"#
        try client.send(delete)
        let deleted = try client.readLines(through: "\"id\": \"deleted\"").last
        #expect(deleted == "{\"return\": {}, \"id\": \"deleted\"}\r\n")
        #expect(try String(contentsOfFile: bench.path("target"), encoding: .utf8) == text)
    }

    @Test func twoClientsAtOnceEachGetTheirOwn() throws {
        let qemu = try QEMU()
        let proxy = try Proxy(qemu)
        let clients = try (0..<2).map { _ in try proxy.client() }
        for round in 0..<20 {
            let files = (0..<2).map { Workbench.current.path("file-\(round)-\($0)") }
            for (client, file) in zip(clients, files) {
                let descriptor = try Descriptors.open(file)
                defer { close(descriptor) }
                try client.send(#"{"execute": "query-name"}"#)
                try client.send(#"{"execute": "add-fd", "id": \#(round)}"#, descriptors: [descriptor])
                try client.send(#"{"execute": "query-name"}"#)
            }
            for (client, file) in zip(clients, files) {
                #expect(try client.readLine() == "{\"return\": {}}\r\n")
                #expect(try qemu.namingFiles(client.readLine()).contains("\"fd\": \(file),"))
                #expect(try client.readLine() == "{\"return\": {}}\r\n")
            }
        }
    }

    @Test func nothingLeaks() throws {
        let qemu = try QEMU()
        let proxy = try Proxy(qemu)
        let client = try proxy.client()
        let pipe = try Descriptors.Pipe()
        let before = (proxy.process.openDescriptors, qemu.process.openDescriptors)
        for round in 0..<200 {
            let set = [Int32](repeating: pipe.writeEnd, count: 1 + round % 20)
            _ = try client.ask(#"{"execute": "getfd", "arguments": {"fdname": "d"}}"#, descriptors: set)
            _ = try client.ask(#"{"execute": "closefd", "arguments": {"fdname": "d"}}"#, descriptors: set)
            _ = try client.ask(#"{"execute": "getfd", "arguments": {"fdname": "1"}}"#)
            // Taken by nothing, then replaced, then left behind.
            let leaving = try proxy.client()
            try leaving.send(" ", descriptors: set)
            _ = try leaving.ask(#"{"execute": "query-name"}"#, descriptors: set)
            try leaving.send(#"{"execute": "getfd", "#, descriptors: set)
        }
        let after = { (proxy.process.openDescriptors, qemu.process.openDescriptors) }
        #expect(Deadline().waits { after() == before }, "\(after()) instead of \(before)")
    }
}

extension QEMU {
    /// A reply with the file behind it in place of a descriptor's number.
    func namingFiles(_ reply: String) throws -> String {
        guard let range = reply.firstRange(of: /"fd": \d+/) else { return reply }
        let number = reply[range].split(separator: " ").last ?? ""
        let file = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process.id)/fd/\(number)")
        return reply.replacingCharacters(in: range, with: "\"fd\": \(file)")
    }
}
