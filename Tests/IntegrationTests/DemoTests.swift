import Foundation
import Testing

/// `qmp-proxy demo`, as somebody sees it whose standard output is a pipe.
@Suite(.onWorkbench, .showingLogs)
struct DemoTests {
    /// What the lines say in whose place it is `a` or `b`, in this order.
    private static let story = [
        "A pair that is well: a is the primary, b the secondary",
        #"  b  event COLO_EXIT {"mode": "secondary", "reason": "error"}"#,
        "  b  paired -> deciding: COLO_EXIT",
        "  b  deciding -> failing-over: it is decided that this side goes on",
        "  b  > nbd-server-stop ",
        "  b  > x-colo-lost-heartbeat ",
        "  b  > chardev-add compare_out0 ",
        "  b  failing-over -> alone: the failover is done",
        "b goes on alone, and looks for a new partner",
        "  a  > nbd-server-add ",
        "  b  alone -> resyncing: the new secondary is ready",
        "  b  > drive-mirror ",
        "  b  event BLOCK_JOB_READY ",
        "  b  > migrate ",
        "  b  resyncing -> paired: COLO runs",
        "A pair again, the other way round",
        "COLO_EXIT: the first command was sent ",
    ]

    /// The first of the story that is not told in its place; `nil` if all are.
    private func missing(in output: String) -> String? {
        var lines = output.split(separator: "\n")[...]
        return Self.story.first { part in
            guard let index = lines.firstIndex(where: { $0.contains(part) }) else { return true }
            lines = lines[(index + 1)...]
            return false
        }
    }

    private func demo(_ arguments: [String], behind command: [String] = []) throws -> ChildProcess {
        let program = command + [try Proxy.binary(), "demo"] + arguments
        return try Workbench.current.start(program, name: "demo", environment: ["TMPDIR": Workbench.current.directory])
    }

    /// What a demonstration has left in its directory.
    private func left() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: Workbench.current.directory)
            .filter { $0.hasPrefix("qmp-proxy-demo") }
    }

    @Test func recordingsPlayATakeover() throws {
        let demo = try demo([])
        #expect(try demo.waitForEnd() == .exited(0))
        #expect(demo.errors == "")
        #expect(missing(in: demo.output) == nil)
        #expect(!demo.output.contains("\u{1B}"))
        #expect(try left() == [])
    }

    @Test func realQEMUsDoTheSame() throws {
        let demo = try demo(["--qemu"], behind: Self.hasNamespaces ? Self.namespace : [])
        let ending = try demo.waitForEnd(within: .seconds(120))
        // Without a namespace of its own somebody else may have the ports.
        guard Self.hasNamespaces || !demo.errors.contains("is in use") else {
            return #expect(ending == .exited(1))
        }
        #expect(ending == .exited(0))
        #expect(demo.errors == "")
        #expect(missing(in: demo.output) == nil)
        #expect(try left() == [])
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func endsWithAllThatItHasStarted(_ signal: Int32) throws {
        let demo = try demo([])
        #expect(Deadline().waits { demo.output.contains("A pair that is well") })
        let children = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { entry in
            let status = try? String(contentsOfFile: "/proc/\(entry)/status", encoding: .utf8)
            return status?.contains("\nPPid:\t\(demo.id)\n") ?? false
        }
        #expect(children.count == 2)
        demo.signal(signal)
        #expect(try demo.waitForEnd() == .exited(1))
        #expect(children.filter { FileManager.default.fileExists(atPath: "/proc/\($0)") } == [])
        #expect(try left() == [])
    }

    @Test func whatIsMissingIsSaidAtOnce() throws {
        let path = ["PATH": Workbench.current.directory]
        let demo = try Workbench.current.run([try Proxy.binary(), "demo", "--qemu"], environment: path)
        #expect(demo.ending == .exited(1))
        #expect(demo.output == "")
        let packages = "apt-get install -y --no-install-recommends qemu-system-x86 qemu-utils"
        let missing = "not installed: qemu-system-x86_64, qemu-img; install them with: \(packages)"
        #expect(demo.errors == "qmp-proxy: \(missing)\n")
    }

    // MARK: - Network namespaces

    /// Has a program run where nobody else has its ports.
    private static let namespace = ["unshare", "--net", "--", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]

    /// A container's root may be refused them, and `ip` may not be there.
    private static let hasNamespaces = geteuid() == 0 && probe()

    private static func probe() -> Bool {
        let ended = try? Workbench.current.run(namespace + ["true"])
        return ended?.ending == .exited(0)
    }
}
