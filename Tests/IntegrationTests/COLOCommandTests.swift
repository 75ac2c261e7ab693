import Foundation
import Testing

/// `qmp-proxy colo`: what is recorded of a plugin's answers stands for the plugin.
@Suite(.onWorkbench, .showingLogs)
struct COLOCommandTests {
    private static let query = #""execute": "__org.qmp-proxy_colo-query-status""#

    /// A status in few words, without its braces.
    private static func status(_ state: String, _ more: String = "") -> String {
        #""role": "primary", "state": "\#(state)", "epoch": 4, "next": "N"\#(more)"#
    }

    /// A proxy whose plugin answers this, in this order.
    private func proxy(_ exchanges: [(asked: String, answered: String)], _ flags: String...) throws -> MockQEMU {
        var script = RecordingScript()
        for (index, exchange) in exchanges.enumerated() {
            script.command(exchange.asked, reply: exchange.answered, at: 2 + Double(index))
        }
        let socket = Workbench.current.newPath("mock")
        return try MockQEMU([try script.write("colo.qmprec"), "--listen", "unix:\(socket)", "--speed", "max"] + flags)
    }

    private func asked(_ name: String) -> String { #""execute": "__org.qmp-proxy_colo-\#(name)""# }

    private func told(_ states: String...) -> [(asked: String, answered: String)] {
        states.map { (Self.query, #""return": {\#($0)}"#) }
    }

    private func colo(
        _ arguments: String...,
        to address: String
    ) throws -> (ending: ChildProcess.Ending, output: String, errors: String) {
        try Workbench.current.run([try Proxy.binary(), "colo"] + arguments + ["--to", address])
    }

    @Test func statusIsABlockOrWhatWasAnswered() throws {
        let mock = try proxy(told(Self.status("paired"), Self.status("paired")))
        let block = try colo("status", to: "\(mock.addresses[0])")
        #expect(block.errors == "")
        #expect(
            block.output == """
                role             primary
                state            paired
                epoch            4
                next             N

                """
        )
        #expect(block.ending == .exited(0))
        let json = try colo("status", "--format", "json", to: "\(mock.addresses[0])")
        #expect(json.output == "{\(Self.status("paired"))}\n")
        #expect(try mock.stop() == .exited(0))
    }

    @Test func followingEndsWellWhenItIsInterrupted() throws {
        let mock = try proxy(told(Self.status("paired")), "--reuse", "--match", "any")
        let follow = ["colo", "status", "--follow", "--to", "\(mock.addresses[0])"]
        let process = try Workbench.current.start([try Proxy.binary()] + follow, name: "follow")
        #expect(Deadline().waits { process.output.hasSuffix("\n") })
        process.signal(SIGINT)
        #expect(try process.waitForEnd() == .exited(0))
        #expect(process.output == "0.0 s  paired, primary, epoch 4: N\n")
        #expect(process.errors == "")
    }

    @Test func followingEndsWhenNobodyReadsIt() throws {
        let mock = try proxy(told(Self.status("paired")), "--reuse", "--match", "any")
        let line = "\(try Proxy.binary()) colo status --follow --format json --to \(mock.addresses[0]) | head -n 1"
        let followed = try Workbench.current.run(["/bin/sh", "-c", line])
        #expect(followed.output == "{\(Self.status("paired"))}\n")
        #expect(followed.ending == .exited(0))
    }

    @Test func aResumeIsFollowedUntilThePairIsThere() throws {
        let step = #", "progress": {"step": 2, "steps": 14, "title": "drive-mirror", "percent": 34.5}"#
        let states = told(Self.status("resyncing", step), Self.status("pairing"), Self.status("paired"))
        let mock = try proxy([(asked("resume"), #""return": {}"#)] + states, "--require-all")
        let resumed = try colo("resume", to: "\(mock.addresses[0])")
        #expect(resumed.errors == "")
        let lines = resumed.output.split(separator: "\n").map { $0.drop { $0 != "s" }.dropFirst(3) }
        #expect(
            lines == [
                "resyncing, primary, epoch 4, 34 %, step 2 of 14: drive-mirror: N", "pairing, primary, epoch 4: N",
                "paired, primary, epoch 4: N",
            ]
        )
        #expect(resumed.ending == .exited(0))
        #expect(try mock.stop() == .exited(0))
    }

    @Test func aResumeThatComesToNothingIsAFailure() throws {
        let why = #", "why": "the peer died""#
        let states = told(Self.status("resyncing"), Self.status("alone", why))
        let mock = try proxy([(asked("resume"), #""return": {}"#)] + states)
        let resumed = try colo("resume", to: "\(mock.addresses[0])")
        let reason = "the resume has come to nothing: this side is alone: the peer died; N"
        #expect(resumed.errors == "qmp-proxy: \(reason)\n")
        #expect(resumed.ending == .exited(1))
    }

    @Test func aLostConnectionSaysThatWhatWasBegunGoesOn() throws {
        var script = RecordingScript()
        script.command(asked("failover"), reply: #""return": {}"#, at: 2)
        script.command(Self.query, reply: #""return": {\#(Self.status("failing-over"))}"#, at: 3)
        script.end(at: 3.1)
        let mock = try MockQEMU(try script.write("colo.qmprec"))
        let lost = try colo("failover", to: "\(mock.addresses[0])")
        #expect(lost.output.hasSuffix("failing-over, primary, epoch 4: N\n"))
        let advice = "what was begun goes on: qmp-proxy colo status --to \(mock.addresses[0]) tells how far it is\n"
        #expect(lost.errors.hasSuffix(advice))
        #expect(lost.ending == .exited(1))
    }

    @Test func withoutWaitingItSaysHowThingsStand() throws {
        let mock = try proxy([(asked("start"), #""return": {}"#)] + told(Self.status("pairing")))
        let started = try colo("start", "--no-wait", to: "\(mock.addresses[0])")
        #expect(started.output == "pairing, primary, epoch 4: N\n")
        #expect(started.ending == .exited(0))
    }

    @Test func aDryRunAsksForTheStepsAndNothingElse() throws {
        let steps = #""arguments": {"command": "failover"}"#
        let lines = #""lines": ["{'execute': 'stop'}", "{'execute': 'cont'}"]"#
        let exchange = ("\(asked("query-steps")), \(steps)", #""return": {"runbook": "primary-failover", \#(lines)}"#)
        let mock = try proxy([exchange], "--require-all")
        let dry = try colo("failover", "--dry-run", to: "\(mock.addresses[0])")
        #expect(dry.errors == "")
        #expect(dry.output == "# primary-failover\n{'execute': 'stop'}\n{'execute': 'cont'}\n")
        #expect(try mock.stop() == .exited(0))
    }

    @Test func theCheckpointDelayIsSetAndWhatWasBegunGivenUp() throws {
        let delay = (#"\#(asked("checkpoint-delay")), "arguments": {"milliseconds": 500}"#, #""return": {}"#)
        let abort = (asked("abort"), #""return": {}"#)
        let mock = try proxy([delay, abort] + told(Self.status("alone")), "--require-all")
        let set = try colo("checkpoint-delay", "500", to: "\(mock.addresses[0])")
        #expect(set.output == "the checkpoint delay is 500 ms from now on\n")
        let aborted = try colo("abort", to: "\(mock.addresses[0])")
        #expect(aborted.output == "alone, primary, epoch 4: N\n")
        #expect(try mock.stop() == .exited(0))
    }

    @Test func anErrorIsToldAsItIsAnswered() throws {
        let error = #""error": {"class": "GenericError", "desc": "this side is alone already: resume it"}"#
        let mock = try proxy([(asked("failover"), error)])
        let refused = try colo("failover", to: "\(mock.addresses[0])")
        #expect(refused.errors == "qmp-proxy: this side is alone already: resume it\n")
        #expect(refused.output == "")
        #expect(refused.ending == .exited(1))
    }

    @Test func whoHasNoPluginIsTold() throws {
        let qemu = try QEMU()
        let proxy = try Proxy(qemu, monitor: 0)
        let refused = try colo("status", to: "\(proxy.address)")
        let advice = "the proxy at \(proxy.address) has no plugin colo: start it with --plugin colo"
        #expect(refused.errors == "qmp-proxy: \(advice)\n")
        #expect(refused.ending == .exited(1))
        #expect(try proxy.stop() == .exited(0))
        let direct = try colo("status", to: "\(qemu.address())")
        let wanted = "wanted is an address where qmp-proxy serve has its clients"
        #expect(direct.errors == "qmp-proxy: \(qemu.address()) is no proxy's: \(wanted)\n")
        #expect(direct.ending == .exited(1))
    }

    @Test func nobodyThereIsToldAtOnce() throws {
        let address = "unix:\(Workbench.current.path("nobody"))"
        let failed = try colo("status", to: address)
        let wanted = "wanted is an address where qmp-proxy serve has its clients"
        #expect(failed.errors == "qmp-proxy: connect \(address): No such file or directory: \(wanted)\n")
        #expect(failed.ending == .exited(1))
    }
}
