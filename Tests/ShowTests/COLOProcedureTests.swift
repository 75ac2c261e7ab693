import QMP
import Recording
import Testing

@testable import ProxyCommand

/// When a procedure is over, and what is shown until then.
@Suite(.timeLimit(.minutes(15)))
struct COLOProcedureTests {
    /// A status in few words: `alone`, `alone seeks`, `resyncing 34`.
    private func status(_ words: String) throws -> COLOStatus {
        let words = words.split(separator: " ")
        var text = #"{"role": "primary", "state": "\#(words[0])", "seeks": \#(words.contains("seeks"))"#
        if let percent = words.dropFirst().compactMap({ Int($0) }).first {
            text += #", "progress": {"step": 2, "steps": 9, "title": "mirror", "percent": \#(percent)}"#
        }
        return try COLOStatus(Bytes(text: text + "}"))
    }

    /// How a procedure is over once all of these were seen.
    private func end(_ kind: COLOProcedure.Kind, _ states: String) throws -> [COLOProcedure.End?] {
        var procedure = COLOProcedure(kind)
        return try states.split(separator: ",").map { procedure.end(with: try status(String($0))) }
    }

    @Test(
        arguments: [
            (.start, "idle,pairing,paired"), (.start, "pairing,suspecting,paired"),
            (.start, "idle seeks,pairing,paired"),
            (.resume, "alone seeks,resyncing 1,resyncing 99,pairing,paired"), (.resume, "paired"),
            (.failover, "paired,deciding,failing-over,alone"), (.failover, "failing-over,resyncing"),
            (.failover, "suspecting,alone seeks"),
        ] as [(COLOProcedure.Kind, String)]
    )
    func isDoneInTheStateThatWasWanted(kind: COLOProcedure.Kind, states: String) throws {
        let ends = try end(kind, states)
        #expect(ends.dropLast().allSatisfy { $0 == nil })
        #expect(ends.last == .done)
    }

    @Test(
        arguments: [
            (.start, "pairing,idle"), (.start, "pairing,failed"), (.resume, "resyncing 10,alone"),
            (.resume, "alone seeks,alone"), (.resume, "resyncing,lost"), (.failover, "deciding,paired"),
            (.failover, "deciding,lost"), (.failover, "failing-over,failed"),
        ] as [(COLOProcedure.Kind, String)]
    )
    func hasFailedWhenAllIsAsBefore(kind: COLOProcedure.Kind, states: String) throws {
        let ends = try end(kind, states)
        #expect(ends.dropLast().allSatisfy { $0 == nil })
        #expect(ends.last == .failed)
    }

    @Test(arguments: [(.start, "idle"), (.resume, "alone"), (.failover, "paired")] as [(COLOProcedure.Kind, String)])
    func isGivenUpWhenNothingBegins(kind: COLOProcedure.Kind, state: String) throws {
        let states = Array(repeating: state, count: COLOProcedure.unbegunMax).joined(separator: ",")
        let ends = try end(kind, states)
        #expect(ends.dropLast().allSatisfy { $0 == nil })
        #expect(ends.last == .failed)
    }

    @Test func aPartnerMayBeLongInComing() throws {
        let states = Array(repeating: "alone seeks", count: 10 * COLOProcedure.unbegunMax).joined(separator: ",")
        #expect(try end(.resume, states).allSatisfy { $0 == nil })
    }

    @Test func itsFailureSaysWhyAndWhatToDo() throws {
        var procedure = COLOProcedure(.resume)
        let text = #"{"role": "primary", "state": "failed", "why": "no disk", "next": "attach one"}"#
        let status = try COLOStatus(Bytes(text: text))
        #expect(procedure.failure(with: status).hasPrefix("the resume has come to nothing: nothing has begun"))
        _ = procedure.end(with: try self.status("resyncing"))
        #expect(
            procedure.failure(with: status)
                == "the resume has come to nothing: this side is failed: no disk; attach one"
        )
    }

    // MARK: - What is shown

    private func at(_ milliseconds: Int64) -> Instant { Instant(microseconds: milliseconds * 1000) }

    @Test func aPipeGetsALineForEachChangeAndEachTenth() throws {
        var progress = COLOProgress(isColoured: false, showsProgress: false, at: .zero)
        var lines: [String] = []
        for (time, words) in zip(0..., ["pairing", "pairing", "resyncing 1", "resyncing 9", "resyncing 12", "paired"]) {
            let shown = progress.show(try status(words), at: at(Int64(time) * 250))
            #expect(shown.errors == "")
            lines.append(shown.output)
        }
        #expect(
            lines == [
                "0.0 s  pairing, primary\n", "", "0.5 s  resyncing, primary, 1 %, step 2 of 9: mirror\n", "",
                "1.0 s  resyncing, primary, 12 %, step 2 of 9: mirror\n", "1.2 s  paired, primary\n",
            ]
        )
        #expect(progress.end() == COLOProgress.Output())
    }

    @Test func aTerminalGetsABarThatIsErasedBeforeALine() throws {
        var progress = COLOProgress(isColoured: false, showsProgress: true, at: .zero)
        let first = progress.show(try status("resyncing 1"), at: at(250))
        #expect(first.output == "0.2 s  resyncing, primary, 1 %, step 2 of 9: mirror\n")
        #expect(first.errors == "")
        let second = progress.show(try status("resyncing 55"), at: at(500))
        #expect(second.output == "")
        #expect(second.errors == "\r\u{1B}[Kresyncing [###########---------] 55 %, step 2 of 9: mirror")
        let third = progress.show(try status("paired"), at: at(550))
        #expect(third == COLOProgress.Output(errors: "\r\u{1B}[K", output: "0.5 s  paired, primary\n"))
        #expect(progress.end() == COLOProgress.Output())
    }
}
