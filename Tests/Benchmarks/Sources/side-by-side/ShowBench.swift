import Foundation

/// What reading one recording came to.
struct ShowResult: Codable {
    struct Reading: Codable {
        var name: String
        /// MB/s, by round.
        var rounds: [Double] = []
        var median: Double?
        var failure: String?
    }

    var recording: SampleRecording
    var bytes: Int
    var readings: [Reading]
}

/// Times `show` on recordings that are written for it, and other programs on the same files.
struct ShowBench {
    var rounds: Int
    var programs: Programs
    /// Where the logs are; removed at the end by whoever made it.
    var directory: String
    var recordDirectory: String

    /// Carries it out; one file is there at a time.
    func run(_ progress: ProgressLine) throws -> [ShowResult] {
        try SampleRecording.allCases.map { recording in
            progress.show("show · writing \(recording.rawValue)")
            let path = "\(recordDirectory)/\(recording.rawValue).qmprec"
            defer { try? FileManager.default.removeItem(atPath: path) }
            let bytes = try recording.write(to: path)
            return ShowResult(recording: recording, bytes: bytes, readings: read(path, bytes, progress))
        }
    }

    /// All have their turn in each round, each time another one first.
    private func read(_ path: String, _ bytes: Int, _ progress: ProgressLine) -> [ShowResult.Reading] {
        let readers = RecordingReader.allCases
        var readings = readers.map { ShowResult.Reading(name: $0.rawValue) }
        for round in 0..<rounds {
            for turn in readers.indices {
                let index = (turn + round) % readers.count
                guard readings[index].failure == nil else { continue }
                progress.show("show · \(readers[index].rawValue) · round \(round + 1) of \(rounds)")
                do {
                    let seconds = try time(readers[index], path)
                    readings[index].rounds.append(Double(bytes) / 1_000_000 / seconds)
                } catch {
                    readings[index].failure = "\(error)"
                    readings[index].rounds = []
                    progress.tell("\(readers[index].rawValue): \(error)")
                }
            }
        }
        for index in readings.indices { readings[index].median = medianOf(readings[index].rounds) }
        return readings
    }

    private func time(_ reader: RecordingReader, _ path: String) throws -> Double {
        let command = try reader.command(reading: path, programs: programs)
        let start = ContinuousClock.now
        let process = try ChildProcess(command, logPath: directory + "/show.log", outputPath: reader.outputPath)
        defer { process.end() }
        let isSuccess = process.waitForEnd()
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        guard isSuccess else {
            throw Failure(process.complaint ?? "it failed and did not say why")
        }
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
