using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Holdfast.Wire.Tests.OpenInference;

/// <summary>The extension binary_tensor_data, both ways.</summary>
[Collection(nameof(ServingServer))]
public sealed class BinaryTests(ServingServer server)
{
    private const string Infer = "/v2/models/credit/infer";
    private const string LengthHeader = "Inference-Header-Content-Length";
    private const string Region = """{"name":"region","shape":[2],"datatype":"BYTES","data":["north","sør"]}""";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Binary_and_JSON_tensors_may_stand_in_one_request_and_answers_come_as_asked()
    {
        var json = """
            {"inputs":[
              {"name":"income","shape":[2],"datatype":"FP32","parameters":{"binary_data_size":8}},
              {"name":"age","shape":[2,1],"datatype":"INT16","data":[[30],[40]]},
              {"name":"region","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":17}}],
             "outputs":[{"name":"score","parameters":{"binary_data":true}},{"name":"prediction"}],"id":"b1"}
            """;
        byte[] tensors = [.. Floats(10_000, 60_000), .. Text("north"), .. Text("sør")];
        var (status, answer, bytes) = await Send(json, tensors);
        Assert.True(status == HttpStatusCode.OK, answer);
        var document = JsonDocument.Parse(answer).RootElement;
        Assert.Equal("b1", document.GetProperty("id").GetString());
        var outputs = document.GetProperty("outputs").EnumerateArray().ToDictionary(o => o.GetProperty("name").GetString()!);
        Assert.Equal(16, outputs["score"].GetProperty("parameters").GetProperty("binary_data_size").GetInt32());
        Assert.False(outputs["score"].TryGetProperty("data", out _));
        Assert.Equal("""["0","1"]""", outputs["prediction"].GetProperty("data").GetRawText());
        Assert.Equal((0.1, 0.6), (BinaryPrimitives.ReadDoubleLittleEndian(bytes), BinaryPrimitives.ReadDoubleLittleEndian(bytes.AsSpan(8))));
        Assert.Equal(16, bytes.Length);
    }

    [Fact]
    public async Task All_outputs_can_be_asked_for_as_bytes_and_one_of_them_not()
    {
        var json = $$$"""{"parameters":{"binary_data_output":true},"outputs":[{"name":"prediction"},{"name":"score","parameters":{"binary_data":false}},{"name":"prediction_id"}],"inputs":[{"name":"income","shape":[2],"datatype":"FP64","data":[60000,"NaN"]},{{{Region}}}]}""";
        var (status, answer, bytes) = await Send(json, []);
        Assert.True(status == HttpStatusCode.OK || status == HttpStatusCode.ServiceUnavailable, answer);
        json = json.Replace("\"NaN\"", "1", StringComparison.Ordinal);
        (status, answer, bytes) = await Send(json, []);
        Assert.True(status == HttpStatusCode.OK, answer);
        var outputs = JsonDocument.Parse(answer).RootElement.GetProperty("outputs").EnumerateArray().ToList();
        Assert.Equal([("score", false), ("prediction", true), ("prediction_id", true)], outputs.Select(o => (o.GetProperty("name").GetString()!, o.TryGetProperty("parameters", out _))));
        Assert.Equal(outputs.Where(o => o.TryGetProperty("parameters", out _)).Sum(o => o.GetProperty("parameters").GetProperty("binary_data_size").GetInt32()), bytes.Length);
        Assert.Equal((1u, (byte)'1', 1u, (byte)'0'), (BinaryPrimitives.ReadUInt32LittleEndian(bytes), bytes[4], BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(5)), bytes[9]));
        Assert.Equal(36u, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(10)));
    }

    [Theory]
    [InlineData("BOOL", "01", 1)]
    [InlineData("UINT8", "FF", 255)]
    [InlineData("INT8", "FF", -1)]
    [InlineData("UINT16", "0102", 513)]
    [InlineData("INT16", "FFFF", -1)]
    [InlineData("UINT32", "00000001", 16777216)]
    [InlineData("INT32", "FEFFFFFF", -2)]
    [InlineData("UINT64", "0100000000000000", 1)]
    [InlineData("INT64", "FFFFFFFFFFFFFFFF", -1)]
    [InlineData("FP16", "003E", 1.5)]
    [InlineData("BF16", "C03F", 1.5)]
    [InlineData("FP32", "0000C03F", 1.5)]
    [InlineData("FP64", "000000000000F83F", 1.5)]
    public async Task Every_datatype_is_read_from_its_bytes(string datatype, string hex, double value)
    {
        var bytes = Convert.FromHexString(hex);
        var json = $$$"""{"inputs":[{"name":"income","shape":[1],"datatype":"{{{datatype}}}","parameters":{"binary_data_size":{{{bytes.Length}}}}},{"name":"region","shape":[1],"datatype":"BYTES","data":["n"]}]}""";
        var (status, answer, _) = await Send(json, bytes);
        Assert.True(status == HttpStatusCode.OK, answer);
        var score = JsonDocument.Parse(answer).RootElement.GetProperty("outputs")[0].GetProperty("data")[0].GetDouble();
        Assert.Equal(value / 100_000, score, 12);
    }

    [Theory]
    [InlineData("FP64", 8, 4, "has a binary_data_size of 8 bytes, but 4 are left")]
    [InlineData("FP64", 8, 12, "4 bytes are left behind the JSON")]
    [InlineData("FP64", 4, 4, "has 4 bytes; 1 values of FP64 are 8")]
    [InlineData("FP99", 4, 4, "the datatype 'FP99'")]
    [InlineData("BYTES", 2, 2, "need 4 for their lengths")]
    [InlineData("BYTES", 5, 5, "The text 0 of the input 'income' ends behind its bytes")]
    [InlineData("BOOL", 1, 1, "is BOOL, which the byte 7 is not")]
    [InlineData("FP64", -1, 0, "has a binary_data_size of -1")]
    public async Task Sizes_that_do_not_add_up_are_refused(string datatype, int declared, int sent, string message)
    {
        var bytes = Enumerable.Repeat((byte)7, sent).ToArray();
        var json = $$$"""{"inputs":[{"name":"income","shape":[1],"datatype":"{{{datatype}}}","parameters":{"binary_data_size":{{{declared}}}}}]}""";
        var (status, answer, _) = await Send(json, bytes);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(message, JsonDocument.Parse(answer).RootElement.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("9999", "says 9,999 bytes of JSON")]
    [InlineData("-5", "is '-5'")]
    [InlineData("many", "is 'many'")]
    public async Task A_header_that_makes_no_sense_is_refused(string header, string message)
    {
        var (status, answer, _) = await Send("""{"inputs":[]}""", [], header);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(message, answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_extension_is_told_in_the_servers_metadata() =>
        Assert.Contains("\"binary_tensor_data\"", await server.Host.Client.GetStringAsync("/v2", Ct), StringComparison.Ordinal);

    private async Task<(HttpStatusCode Status, string Json, byte[] Tensors)> Send(string json, byte[] tensors, string? header = null)
    {
        byte[] head = Encoding.UTF8.GetBytes(json);
        using var request = new HttpRequestMessage(HttpMethod.Post, Infer) { Content = new ByteArrayContent([.. head, .. tensors]) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Headers.TryAddWithoutValidation(LengthHeader, header ?? head.Length.ToString(CultureInfo.InvariantCulture));
        using var response = await server.Host.Client.SendAsync(request, Ct);
        var body = await response.Content.ReadAsByteArrayAsync(Ct);
        var split = response.Headers.TryGetValues(LengthHeader, out var length) ? int.Parse(length.Single(), CultureInfo.InvariantCulture) : body.Length;
        return (response.StatusCode, Encoding.UTF8.GetString(body, 0, split), body[split..]);
    }

    private static byte[] Floats(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private static byte[] Text(string text) => [.. BitConverter.GetBytes(Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];
}
