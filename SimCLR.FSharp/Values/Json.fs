/// Reads and writes values as JSON; the same value always gives the same text.
module internal SimCLR.Json

open System
open System.Globalization
open System.Security.Cryptography
open System.Text
open System.Text.Json
open System.Text.Json.Nodes
open System.Text.Json.Serialization

/// Shortest digits that read back the same number. -0.0, which equals 0.0, is written as 0; what is no number as a string.
type private FloatConverter() =
    inherit JsonConverter<float>()

    override _.Write(writer, value, _) =
        if Double.IsFinite value then
            writer.WriteNumberValue(value + 0.0)
        else
            writer.WriteStringValue(value.ToString("R", CultureInfo.InvariantCulture))

    override _.Read(reader, _, _) =
        if reader.TokenType = JsonTokenType.Number then
            reader.GetDouble()
        else
            match reader.GetString() with
            | "NaN" -> nan
            | "Infinity" -> infinity
            | "-Infinity" -> -infinity
            | text -> raise (JsonException $"'{text}' is no number")

let private options indented =
    let options = JsonSerializerOptions(WriteIndented = indented)
    options.Converters.Add(FloatConverter())

    options.Converters.Add(
        JsonFSharpConverter(
            JsonUnionEncoding.ExternalTag
            ||| JsonUnionEncoding.NamedFields
            ||| JsonUnionEncoding.UnwrapFieldlessTags
            ||| JsonUnionEncoding.UnwrapSingleFieldCases
            ||| JsonUnionEncoding.UnwrapOption
        )
    )

    options

let private pretty = options true
let private compact = options false

/// Without the fields that have their neutral value.
let private documentOf (kind: Type) (value: obj) =
    let node = JsonSerializer.SerializeToNode(value, kind, compact)
    Neutral.strip kind node
    node

let private document (value: 'T) = documentOf typeof<'T> (box value)

/// Indented, for people.
let write (value: 'T) = (document value).ToJsonString pretty

/// In one line.
let writeLine (value: 'T) = (document value).ToJsonString compact

/// In one line, for a type that is known only now.
let writeLineOf (kind: Type) (value: obj) =
    (documentOf kind value).ToJsonString compact

/// In one line, with every field.
let writeWhole (value: 'T) =
    JsonSerializer.Serialize(value, compact)

/// With the fields of every object in the order of their names, so that their order in a type does not matter.
let rec private sorted (node: JsonNode) : JsonNode =
    match node with
    | :? JsonObject as fields ->
        JsonObject
            [
                for field in fields |> Seq.sortWith (fun a b -> String.CompareOrdinal(a.Key, b.Key)) ->
                    Collections.Generic.KeyValuePair(field.Key, sorted field.Value)
            ]
    | :? JsonArray as items -> JsonArray [| for item in items -> sorted item |]
    | null -> null
    | leaf -> leaf.DeepClone()

/// 16 hexadecimal digits of SHA-256 over what the value is of and its JSON.
let hash (kind: string) (value: 'T) =
    let text = $"{kind}\n{(sorted (document value)).ToJsonString compact}"
    Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes text)).Substring(0, 16)

/// Fields that only one of two documents has.
let rec private strangers path (given: JsonElement) (known: JsonElement) =
    let at (name: string) =
        if path = "" then name else $"{path}.{name}"

    match given.ValueKind, known.ValueKind with
    | JsonValueKind.Object, JsonValueKind.Object ->
        [
            for field in given.EnumerateObject() do
                match known.TryGetProperty field.Name with
                | true, other -> yield! strangers (at field.Name) field.Value other
                | _ -> $"there is no field '{at field.Name}'"
            for field in known.EnumerateObject() do
                match given.TryGetProperty field.Name with
                | true, _ -> ()
                | _ -> $"the field '{at field.Name}' is missing"
        ]
    | JsonValueKind.Array, JsonValueKind.Array when given.GetArrayLength() = known.GetArrayLength() ->
        Seq.zip (given.EnumerateArray()) (known.EnumerateArray())
        |> Seq.mapi (fun i (a, b) -> strangers $"{path}[{i}]" a b)
        |> List.concat
    | _ -> []

/// Reads a value of a type that is known only now, or says what is wrong with the text. A field too many, twice, or missing without a
/// neutral value is wrong.
let readOf (kind: Type) (text: string) : Result<obj, string> =
    try
        let node =
            JsonNode.Parse(text, documentOptions = JsonDocumentOptions(AllowDuplicateProperties = false))

        Neutral.fill kind node
        let value = node.Deserialize(kind, compact)

        if isNull value then
            Error "it is empty"
        else
            use given = JsonSerializer.SerializeToDocument(node, compact)

            match strangers "" given.RootElement (JsonSerializer.SerializeToElement(value, kind, compact)) with
            | [] -> Ok value
            | wrong -> Error(String.concat "; " wrong)
    with
    | :? JsonException as error -> Error error.Message
    | :? InvalidOperationException as error -> Error error.Message
    | :? NotSupportedException as error -> Error error.Message
    | :? FormatException as error -> Error error.Message
    | :? ArgumentException as error -> Error error.Message

/// The same for a type that is known.
let read<'T> (text: string) : Result<'T, string> =
    readOf typeof<'T> text |> Result.map unbox<'T>
