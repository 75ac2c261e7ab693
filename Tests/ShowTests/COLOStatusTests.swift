import QMP
import Testing

@testable import ProxyCommand

/// How one side of a pair is, for people.
@Suite(.timeLimit(.minutes(15)))
struct COLOStatusTests {
    private static let paired = """
        {"role": "primary", "state": "paired", "since-seconds": 12.34, "epoch": 4, "qemu": {"silent-seconds": 0.1},
         "last-checkpoint-seconds": 0.45, "checkpoint-delay": 2000,
         "peer": {"address": "tcp:10.0.0.2:7700", "state": "alive", "heard-seconds": 0.05,
                  "colo": {"role": "secondary", "state": "paired", "epoch": 4}},
         "seeks": false, "ready": false, "next": "nothing: the pair is healthy"}
        """

    private static let resyncing = """
        {"role": "secondary", "state": "resyncing", "since-seconds": 3725, "epoch": 5, "why": "told to",
         "peer": {"state": "unset"}, "checkpoint-delay": 500,
         "progress": {"step": 2, "steps": 14, "title": "drive-mirror", "percent": 34.5}, "seeks": true, "ready": true}
        """

    private func status(_ text: String) throws -> COLOStatus { try COLOStatus(Bytes(text: text)) }

    @Test func ofAPairTheBlockHasALineForEachThing() throws {
        #expect(
            try status(Self.paired).block(isColoured: false) == [
                "role             primary",
                "state            paired, for 12 s",
                "epoch            4",
                "QEMU             heard 0.1 s ago",
                "peer             tcp:10.0.0.2:7700, alive, heard 0.0 s ago: secondary, paired, epoch 4",
                "last checkpoint  0.4 s ago, delay 2000 ms",
                "next             nothing: the pair is healthy",
            ]
        )
    }

    @Test func whileADiskIsCopiedTheBlockSaysHowFar() throws {
        #expect(
            try status(Self.resyncing).block(isColoured: false) == [
                "role             secondary",
                "state            resyncing, for 1 h 2 min",
                "why              told to",
                "epoch            5",
                "peer             unset",
                "last checkpoint  none seen, delay 500 ms",
                "resync           34 %, step 2 of 14: drive-mirror",
                "seeks            a partner",
                "ready            for the primary to begin",
            ]
        )
    }

    @Test func ofWhatIsNotToldThereIsNoLine() throws {
        let status = try status(#"{"role": "none", "state": "idle"}"#)
        #expect(status.block(isColoured: false) == ["role             none", "state            idle"])
        #expect(status.line(isColoured: false) == "idle, none")
        #expect(status.progressLine == "idle")
    }

    @Test func allIsOnOneLine() throws {
        #expect(
            try status(Self.paired).line(isColoured: false)
                == "paired, primary, epoch 4, peer alive: nothing: the pair is healthy"
        )
        #expect(
            try status(Self.resyncing).line(isColoured: false)
                == "resyncing, secondary, epoch 5, peer unset, 34 %, step 2 of 14: drive-mirror, told to"
        )
    }

    @Test func aBarShowsHowFarABlockJobIs() throws {
        let bar = "resyncing [######--------------] 34 %, step 2 of 14: drive-mirror"
        #expect(try status(Self.resyncing).progressLine == bar)
        let step = Self.resyncing.replacing(", \"percent\": 34.5", with: "")
        #expect(try status(step).progressLine == "resyncing: step 2 of 14: drive-mirror")
        #expect(try status(step).block(isColoured: false).contains("step             step 2 of 14: drive-mirror"))
    }

    @Test(arguments: [
        ("-1", " [--------------------] 0 %,"), ("99.9", " [###################-] 99 %,"),
        ("100.0", " [####################] 100 %,"), ("4711", " [####################] 100 %,"), ("1e400", ":"),
    ])
    func perCentsAreFromZeroToAHundred(percent: String, bar: String) throws {
        let status = try status(Self.resyncing.replacing("34.5", with: percent))
        #expect(status.progressLine == "resyncing\(bar) step 2 of 14: drive-mirror")
    }

    @Test(arguments: [("paired", 32), ("failed", 31), ("lost", 31), ("alone", 33), ("resyncing", 33)])
    func coloursTellGoodFromBad(state: String, colour: Int) throws {
        let status = try status(#"{"role": "primary", "state": "\#(state)", "since-seconds": 12}"#)
        let painted = "\u{1B}[\(colour)m\(state)\u{1B}[0m"
        #expect(status.block(isColoured: true)[1] == "state            \(painted), for 12 s")
        #expect(status.line(isColoured: true).hasPrefix("\(painted), primary"))
    }

    @Test func whatOthersSayOfThemselvesHarmsNoTerminal() throws {
        let status = try status(#"{"role": "a\u001b[2J", "state": "b\nc", "next": "\u009b1m", "why": "\r"}"#)
        let texts = status.block(isColoured: true) + [status.line(isColoured: false), status.progressLine]
        let controls = texts.joined().unicodeScalars.filter { $0.properties.generalCategory == .control }
        #expect(controls.allSatisfy { $0 == "\u{1B}" })
        #expect(texts[0] == "role             a\\u{1b}[2J")
        #expect(!status.line(isColoured: false).contains("\u{1B}"))
    }

    @Test(arguments: [
        (0, "0.0 s"), (0.99, "0.9 s"), (9.99, "9.9 s"), (59.9, "59 s"), (61, "1 min 1 s"), (7_500, "2 h 5 min"),
        (-1, "0.0 s"), (Double.infinity, "? s"), (Double.nan, "? s"),
    ])
    func timesReadAsPeopleSayThem(seconds: Double, text: String) {
        #expect(COLOStatus.text(seconds) == text)
    }

    @Test(arguments: ["{}", #"{"role": "none"}"#, "[", #"{"role": 1, "state": "idle"}"#])
    func whatIsNoStatusIsSaid(text: String) {
        let failure = #expect(throws: COLORemote.Failure.self) { try COLOStatus(Bytes(text: text)) }
        #expect(failure?.text == "this is no status of COLO: \(text)")
    }
}
