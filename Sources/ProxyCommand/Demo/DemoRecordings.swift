internal import Foundation

/// Two recordings play the pair's QEMUs: those of the takeover in `Recordings/`, which are compiled in.
struct DemoRecordings: DemoPair {
    private let programs: DemoPrograms

    init(_ programs: DemoPrograms) {
        self.programs = programs
    }

    var title: String { "Recordings of two real QEMUs (7.2.22) play a COLO pair" }
    /// As when it was recorded: then the plugin asks as often, and each answer comes to the question that it was for.
    var settings: [String] { ["checkpoint-delay: 1000", "heartbeat-interval: 1s", "heartbeat-misses: 3"] }
    var secondsMax: Double { 30 }

    func start() throws {
        let recorded = ["a": PackageResources.colo_takeover_a_qmprec, "b": PackageResources.colo_takeover_b_qmprec]
        for (host, bytes) in recorded {
            try Data(bytes).write(to: URL(filePath: programs.path("recorded-\(host).qmprec")))
        }
        let played = ["a", "b"].map {
            "\(programs.path("recorded-\($0).qmprec"))=unix:\(programs.path("qemu-\($0).sock"))"
        }
        // It is shown a little longer than it was recorded.
        try programs.startProxy("mock", ["mock", "--reuse"] + played)
    }

    /// It is all in the recordings.
    func act(in chapter: DemoStory.Chapter, after seconds: Double) {}
}
