import Foundation
import QMP
import Recording
import Testing

/// A disk that is full stops nobody, is told at once, and costs only what found no room in memory.
@Suite(.onWorkbench, .showingLogs)
struct FullDiskTests {
    private let schema = #"{"execute": "query-qmp-schema"}"#

    /// Not all at once: the proxy reads no more from who does not read, and then the sockets are full both ways.
    private func ask(_ command: String, of client: RawClient, times: Int) throws {
        for start in stride(from: 0, to: times, by: 20) {
            let count = min(20, times - start)
            for _ in 0..<count { try client.send(command) }
            try client.skipLines(count, within: .seconds(120))
        }
    }

    @Test(.enabled(if: SmallDisk.isAllowed)) func losesNothingThatThereIsRoomForInMemory() throws {
        let disk = try SmallDisk(megabytes: 8)
        let path = "\(disk.path)/vm0.qmprec"
        let proxy = try Proxy(QEMU(), monitor: 0, "--record", path)
        let client = try proxy.client()
        try ask(schema, of: client, times: 2)
        try disk.fill()
        try ask(schema, of: client, times: 10)
        try proxy.process.waitForErrors(containing: "cannot write \(path): No space left on device")
        #expect(try proxy.status().contains("\"trouble\": \"cannot write \(path): No space left on device\""))
        disk.clear()
        try proxy.process.waitForErrors(containing: "\(path) is written again; 0 entries were lost so far")
        try ask(schema, of: client, times: 1)
        #expect(try proxy.stop() == .exited(0))
        let shown = try Proxy.run("show", path, "--check")
        #expect(shown.ending == .exited(0))
        #expect(shown.errors == "")
        let asked = Entry.Kind.received(.message(SplicedMessage(Bytes(text: schema)), .json))
        #expect(try entries(path).count { $0.kind == asked } == 13)
    }

    @Test(.enabled(if: SmallDisk.isAllowed)) func tellsHowManyEntriesFoundNoRoom() throws {
        let disk = try SmallDisk(megabytes: 100)
        let path = "\(disk.path)/vm0.qmprec"
        let proxy = try Proxy(QEMU(), monitor: 0, "--record", path)
        let client = try proxy.client()
        try disk.fill()
        // 207 KB a reply, 64 MiB of room.
        try ask(schema, of: client, times: 400)
        try proxy.process.waitForErrors(containing: "No space left on device; entries are lost")
        let lost = try #require(try entriesLost(proxy.status()))
        #expect(lost > 0)
        disk.clear()
        try proxy.process.waitForErrors(containing: "entries were lost so far")
        #expect(
            try client.ask(#"{"execute": "query-name", "id": "behind"}"#) == "{\"return\": {}, \"id\": \"behind\"}\r\n"
        )
        #expect(try proxy.stop() == .exited(0))

        let entries = try entries(path)
        let gaps = entries.compactMap { if case .gap(let count) = $0.kind { count } else { nil } }
        #expect(gaps.count == 1 && gaps[0] >= lost)
        let behind = SplicedMessage(Bytes(text: #"{"return": {}, "id": "behind"}"#))
        #expect(entries.contains { $0.kind == .sent(.message(behind, .json)) })
        #expect(try Proxy.run("show", path, "--check").ending == .exited(1))
    }

    /// Where a file may not grow, as on a disk without room; and room can be made for the process that runs.
    @Test func goesOnWhenAFileMayGrowAgain() throws {
        let path = Workbench.current.path("vm0.qmprec")
        let qemu = try QEMU()
        let proxy = try Proxy(
            ["--qemu", "\(qemu.address())"],
            ["--record", path],
            shell: "ulimit -S -f 1000"
        )
        let client = try proxy.client()
        try ask(schema, of: client, times: 10)
        try proxy.process.waitForErrors(containing: "cannot write \(path): File too large")
        let raised = try Workbench.current.run(["prlimit", "--pid", "\(proxy.process.id)", "--fsize=unlimited"])
        #expect(raised.ending == .exited(0))
        try proxy.process.waitForErrors(containing: "\(path) is written again; 0 entries were lost so far")
        #expect(try proxy.stop() == .exited(0))
        #expect(try Proxy.run("show", path, "--check").ending == .exited(0))
    }

    @Test(.enabled(if: SmallDisk.isAllowed)) func servesNobodyUnrecordedIfToldSo() throws {
        let disk = try SmallDisk(megabytes: 2)
        let path = "\(disk.path)/vm0.qmprec"
        let proxy = try Proxy(QEMU(), monitor: 0, "--record", path, "--on-record-failure", "close")
        let client = try proxy.client()
        try disk.fill()
        try client.send(schema)
        // Its reply is whole or not there at all.
        #expect(try client.readToEnd().wholeMatch(of: /(\{.*\}\r\n)?/) != nil)
        try proxy.process.waitForErrors(containing: "nothing passes unrecorded")
        let waiting = try proxy.connect()
        #expect(waiting.isSilent())
        disk.clear()
        try waiting.negotiate()
        #expect(try waiting.ask(#"{"execute": "query-name"}"#) == "{\"return\": {}}\r\n")
    }

    /// A pipe that nobody reads has room for 64 KiB, and then hangs as a disk may.
    @Test func servesNobodyUnrecordedWhenTheDiskHangs() throws {
        let path = Workbench.current.path("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        let proxy = try Proxy(QEMU(), monitor: 0, "--record", path, "--on-record-failure", "close")
        let client = try proxy.client()
        for _ in 0..<400 { try client.send(#"{"execute": "query-name"}"#) }
        #expect(try client.readToEnd().hasSuffix("{\"return\": {}}\r\n"))
        try proxy.process.waitForErrors(containing: "\(path) does not take what is written")
        try proxy.process.waitForErrors(containing: "nothing passes unrecorded")
        #expect(try proxy.stop() == .exited(1))
    }

    private func entries(_ path: String) throws -> [Entry] {
        var decoder = RecordingDecoder()
        decoder.append([UInt8](try Data(contentsOf: URL(filePath: path)))[...])
        var entries: [Entry] = []
        while let item = try decoder.next() {
            if case .entry(let entry) = item.content { entries.append(entry) }
        }
        return entries
    }

    private func entriesLost(_ status: String) -> Int? {
        status.firstMatch(of: /"entries-lost": (\d+)/).flatMap { Int($0.1) }
    }
}
