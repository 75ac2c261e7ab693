import ArgumentParser

/// What a run may be narrowed to.
enum Part: Equatable, ExpressibleByArgument {
    /// A load on every contender.
    case load(Scenario)
    /// Reading recordings.
    case show

    init?(argument: String) {
        if argument == "show" {
            self = .show
        } else if let scenario = Scenario(argument: argument) {
            self = .load(scenario)
        } else {
            return nil
        }
    }

    static var allValueStrings: [String] {
        Scenario.allValueStrings + ["show"]
    }
}
