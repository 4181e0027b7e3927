// Reads one command a line and answers one line, so that one process tries many servers. See test_csharp.py.
using System;
using System.Linq;
using SmartMaintenanceHub;

internal static class TryGate
{
    private static void Main()
    {
        for (string line; (line = Console.ReadLine()) != null;)
        {
            string said;
            try
            {
                said = Do(line.Split('\t'));
            }
            catch (Exception error)
            {
                said = "THROWN " + error.GetType().Name + " " + error.Message;
            }
            Console.WriteLine(said.Replace("\r", "").Replace("\n", " | "));
        }
    }

    // what, node, url, token file, data, test, seconds; "-" is none.
    private static string Do(string[] words)
    {
        Func<int, string> Given = at => words[at] == "-" ? null : words[at];
        var gate = new Gate(Given(1), Given(2), Given(3), Given(4), TimeSpan.FromSeconds(double.Parse(words[6], System.Globalization.CultureInfo.InvariantCulture)));
        switch (words[0])
        {
            case "check":
                return Told(gate.Check(Given(5), part: "P \"1\" é", plannedHours: 0.50m));
            case "require":
                return Told(gate.Require(Given(5)));
            case "explain":
                return gate.Check(Given(5)).Explain();
            case "negative":
                return Told(gate.Check(Given(5), plannedHours: -1));
            case "run":
                using (var run = gate.StartTest(Given(5)))
                {
                    run.End(TestResult.Failed);
                    return "RAN " + string.Join(",", run.ClosingChecks) + " " + run.Decision.LedgerSeq;
                }
            case "throw":
                using (gate.StartTest(Given(5))) throw new DivideByZeroException("the real one");
            case "twice":
                using (var run = gate.StartTest(Given(5)))
                {
                    using (var same = gate.StartTest(Given(5))) same.End(TestResult.Passed);
                    run.Dispose();
                    return "UNTOLD " + run.EndProblem.Code + " " + run.EndProblem.Status;
                }
            default:
                throw new ArgumentException(words[0]);
        }
    }

    private static string Told(Decision decision) =>
        decision.Allow ? "ALLOW " + decision.LedgerSeq : "BLOCK " + string.Join(" ", decision.Reasons.Concat(new[] { decision.Problem?.Code ?? "" }));
}
