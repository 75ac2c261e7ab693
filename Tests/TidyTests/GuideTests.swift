import Foundation
import Testing

/// The guide to plugins shows code that is compiled and tested.
@Suite(.timeLimit(.minutes(15)))
struct GuideTests {
    private let tree = SourceTree()
    private let guide = "Sources/PluginKit/PluginKit.docc/WritingAPlugin.md"

    /// The code in the guide, block by block.
    private var blocks: [String] {
        tree.text(guide).components(separatedBy: "\n```swift\n").dropFirst().map { rest in
            rest.components(separatedBy: "\n```")[0]
        }
    }

    @Test func showsOnlyCodeThatIsThere() {
        let files =
            tree.swiftFiles(under: "Tests/PluginKitTests") + tree.swiftFiles(under: "Plugins/Pass")
            + tree.swiftFiles(under: "Tests/SamplePlugin")
        let code = files.map { Self.words(of: $0.text) }
        #expect(!blocks.isEmpty)
        for block in blocks {
            let words = Self.words(of: block)
            #expect(code.contains { $0.contains(words) }, "no test has this code of \(guide):\n\(block)")
        }
    }

    @Test func isShort() {
        let lines = tree.text(guide).components(separatedBy: "\n").count
        #expect(lines <= 351, "\(guide) has \(lines) lines")
    }

    /// A text with one space for all that is white.
    private static func words(of text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
