using System.Globalization;
using System.Text;
using System.Xml;

namespace Holdfast.Commands;

/// <summary>One checked thing: fine, failed with a reason, or left out with a reason.</summary>
internal sealed record JUnitCase(string Name, string? Failure = null, string? Detail = null, string? Skipped = null);

/// <summary>Results as JUnit XML, which every CI system shows.</summary>
internal static class JUnitReport
{
    public static string Write(string suite, IReadOnlyList<JUnitCase> cases)
    {
        using var text = new Utf8Writer();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, NewLineChars = "\n", CheckCharacters = false }))
        {
            xml.WriteStartElement("testsuites");
            xml.WriteStartElement("testsuite");
            xml.WriteAttributeString("name", suite);
            xml.WriteAttributeString("tests", Number(cases.Count));
            xml.WriteAttributeString("failures", Number(cases.Count(c => c.Failure is not null)));
            xml.WriteAttributeString("skipped", Number(cases.Count(c => c.Skipped is not null)));
            foreach (var item in cases)
                Case(xml, suite, item);
            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        return text + "\n";
    }

    private static void Case(XmlWriter xml, string suite, JUnitCase item)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", suite);
        xml.WriteAttributeString("name", Clean(item.Name));
        if (item.Failure is not null)
        {
            xml.WriteStartElement("failure");
            xml.WriteAttributeString("message", Clean(item.Failure));
            xml.WriteString(Clean(item.Detail ?? item.Failure));
            xml.WriteEndElement();
        }
        else if (item.Skipped is not null)
        {
            xml.WriteStartElement("skipped");
            xml.WriteAttributeString("message", Clean(item.Skipped));
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static string Number(int count) => count.ToString(CultureInfo.InvariantCulture);

    // XML 1.0 has no way to write most control characters.
    private static string Clean(string text) => string.Concat(text.Select(c => XmlConvert.IsXmlChar(c) || char.IsSurrogate(c) ? c : '?'));

    private sealed class Utf8Writer() : StringWriter(CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => Encoding.UTF8;
    }
}
