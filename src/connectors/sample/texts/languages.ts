import { type Template, templates } from "../grammar.ts";

type Texts = readonly Template[];

/** What is said in a language other than English: fewer texts, on the themes that its speakers bring up. */
export interface LanguageText {
  /** The theme that the topics are about, by id, each with titles, questions and answers. */
  topics: { theme: string; titles: Texts; bodies: Texts; answers: Texts }[];
  follow: Texts;
  thanks: Texts;
  points: Texts;
}

interface LanguageSource {
  topics: [theme: string, titles: string[], bodies: string[], answers: string[]][];
  follow: string[];
  thanks: string[];
  points: string[];
}

const read = (source: LanguageSource): LanguageText => ({
  topics: source.topics.map(([theme, titles, bodies, answers]) => ({
    theme,
    titles: templates(titles),
    bodies: templates(bodies),
    answers: templates(answers),
  })),
  follow: templates(source.follow),
  thanks: templates(source.thanks),
  points: templates(source.points),
});

const japanese: LanguageSource = {
  topics: [
    [
      "webhook-signature-3.2",
      ["‹minor›に更新したらWebhookの署名検証が失敗する", "‹fw›で署名検証が通らなくなりました(‹ver›)"],
      [
        "‹prev›から‹ver›に更新したところ、`‹event›`のWebhookがすべて署名検証で拒否されるようになりました。シークレットは変更していません。‹sdk›を使っています。ヘッダーの形式が変わったのでしょうか。",
      ],
      [
        "‹minor›から署名はv2形式になり、タイムスタンプと生のリクエストボディを連結したものが対象です。ダッシュボードで「v1とv2」を選ぶと、移行期間中は両方の署名が付きます。",
      ],
    ],
    [
      "local-testing",
      ["ローカル環境でWebhookをテストする方法は?", "`lantern listen`でlocalhost:‹port›に届かない"],
      [
        "社内ネットワークの制限で外部に公開できません。‹fw›のアプリに`‹event›`を届けたいのですが、`lantern listen`を起動しても何も届きません。設定で見落としている点があれば教えてください。",
      ],
      [
        "`lantern whoami`でテストモードになっているか確認してください。本番モードだとテスト用のイベントは転送されません。Dockerの場合は`host.docker.internal:‹port›`を指定します。",
      ],
    ],
    [
      "docs-pagination",
      ["配信一覧を100件以上取得したい", "‹lang› SDKのページネーションの書き方"],
      ["1日分の配信履歴(約‹many›件)を取得したいのですが、`list()`は100件しか返しません。ドキュメントの例は2.xのもので、‹ver›では動きませんでした。"],
      ["`list()`の戻り値をそのままループすると、自動的に次のページを取得します。`limit`は1ページの件数です。ドキュメントの例は修正しておきます。"],
    ],
    [
      "quickstart",
      ["はじめまして、テスト用キーの場所を教えてください", "クイックスタートの手順‹n›で401エラーになります"],
      ["Lanternを使い始めたばかりです。‹lang›のクイックスタートを試していますが、手順‹n›で401になってしまいます。初歩的な質問ですみません。"],
      ["本番用のキーを使っているようです。テスト用は`lk_test_`で始まります。ダッシュボード左上の切り替えを確認してみてください。"],
    ],
  ],
  follow: ["ありがとうございます。‹cloud›でも試してみます。", "試してみましたが、まだ同じエラーが出ます。リクエストIDは`‹req›`です。"],
  thanks: ["解決しました。ありがとうございました!", "無事に動きました。とても助かりました。"],
  points: [
    "私の環境(‹rt›)でも同じ現象が出ています。",
    "同じところでつまずきました。ドキュメントに書いてあると嬉しいです。",
    "‹prev›では問題ありませんでした。",
  ],
};
const chinese: LanguageSource = {
  topics: [
    [
      "webhook-signature-3.2",
      ["升级到‹minor›之后webhook签名验证失败", "‹fw›中签名总是不匹配,‹ver›有什么变化?"],
      ["从‹prev›升级到‹ver›以后,所有`‹event›`回调都验证失败,密钥没有改过。我们用的是‹sdk›。请问签名头的格式变了吗?"],
      ["‹minor›改用v2签名,签名内容是时间戳加上原始请求体。请不要先解析JSON再验证。也可以在控制台里暂时打开“v1和v2”。"],
    ],
    [
      "retry-after",
      ["‹sdk›重试时没有遵守Retry-After", "批量导入时一直返回429怎么办?"],
      ["我们每天夜里要导入大约‹many›条数据,触发限流之后客户端‹ms›毫秒就重试,完全不看`Retry-After`。有没有办法自定义重试间隔?"],
      ["这是已知问题,下个补丁会修复。目前可以把`max_retries`设为0,在自己的队列里按照`retry_after`等待。批量数据建议用`sendMany`。"],
    ],
    [
      "nextjs-raw-body",
      ["next.js里怎么拿到原始请求体?", "app router中verifySignature总是失败"],
      ["在next.js的route handler里用`request.json()`之后签名就对不上了,文档里只有Express的例子。"],
      ["先用`await request.text()`拿到字符串,验证之后再`JSON.parse`。"],
    ],
  ],
  follow: ["谢谢,我在‹cloud›上再试一下。", "试过了,还是不行,请求编号是`‹req›`。"],
  thanks: ["问题解决了,非常感谢!", "可以了,多谢帮忙。"],
  points: ["我们在‹rt›上也遇到了。", "希望文档里能补充说明。", "‹prev›没有这个问题。"],
};
const german: LanguageSource = {
  topics: [
    [
      "key-rotation",
      ["API-Schlüssel ohne Ausfall wechseln, wie macht ihr das?", "Schlüsselwechsel bei ‹n› Diensten gleichzeitig"],
      [
        "Unsere Sicherheitsrichtlinie verlangt, dass Schlüssel alle 90 Tage gewechselt werden. Bei Lantern ist der alte sofort ungültig, und wir betreiben ‹n› Dienste auf ‹cloud›. Gibt es eine Übergangszeit, die ich übersehen habe?",
      ],
      [
        "Lege einen zweiten eingeschränkten Schlüssel mit denselben Rechten an, rolle ihn aus und sperre den alten erst danach. Nur vom Hauptschlüssel gibt es genau einen.",
      ],
    ],
    [
      "eu-region",
      ["Wo werden die Daten gespeichert? (DSGVO)", "EU-Region für ‹event›: gibt es einen Termin?"],
      [
        "Für einen öffentlichen Auftraggeber muss ich angeben, wo die Nutzdaten der Webhooks liegen. `‹event›` enthält personenbezogene Daten. Lässt sich das Speichern je Endpunkt abschalten?",
      ],
      [
        "Mit `store_payloads: false` speichert das Protokoll nur Status und Zeit. Eine EU-Region ist in Vorbereitung, einen Termin kann ich noch nicht nennen. Den AV-Vertrag findest du im Dashboard.",
      ],
    ],
    [
      "opaque-errors",
      ["Fehlermeldung „Invalid request“ ohne jeden Hinweis", "‹sdk› verschluckt die Antwort der Schnittstelle"],
      [
        "Beim Senden von `‹event›` kommt nur „Invalid request“. Welches Feld falsch ist, steht zwar in der Antwort, aber das SDK zeigt sie nicht an. Das hat mich einen halben Tag gekostet.",
      ],
      ["Mit `LANTERN_DEBUG=1` siehst du Anfrage und Antwort. Im Code steht es in `error.response.body`. Die Meldung selbst verbessern wir gerade."],
    ],
  ],
  follow: ["Danke, das probiere ich gleich morgen aus.", "Leider noch derselbe Fehler, Anfrage `‹req›`."],
  thanks: ["Jetzt läuft es, vielen Dank!", "Das war's. Danke für die schnelle Hilfe."],
  points: ["Bei uns genauso, mit ‹rt› auf ‹cloud›.", "Das gehört unbedingt in die Dokumentation.", "Mit ‹prev› hatten wir das Problem nicht."],
};
const spanish: LanguageSource = {
  topics: [
    [
      "duplicate-deliveries",
      ["¿Por qué recibimos ‹event› dos veces?", "Entregas duplicadas con ‹sdk› ‹ver›"],
      [
        "Nuestro servidor responde 200 en ‹ms› ms, pero cerca del ‹pct› de los eventos `‹event›` llega dos veces. En ‹cloud› esto provoca correos repetidos a los clientes. ¿Qué campo conviene usar para descartar los duplicados?",
      ],
      [
        "La entrega es de tipo “al menos una vez”, así que una repetición es normal. El `id` del evento no cambia entre intentos: guárdalo con un índice único y descarta los que ya tengas.",
      ],
    ],
    [
      "migration-3.0",
      ["Migrar de 2.x a ‹minor›: ¿qué reemplaza a client.batch?", "Dudas al actualizar a ‹ver› con ‹fw›"],
      [
        "Estamos actualizando ‹dozens› archivos que usan Lantern. El codemod hizo casi todo, pero la guía no menciona `client.batch`. ¿Alguien sabe cuál es el equivalente?",
      ],
      [
        "Ahora se llama `events.sendMany`, con el mismo límite. Ambas versiones pueden convivir mientras migras, lo decide la opción *API version* del endpoint.",
      ],
    ],
    [
      "rate-limits",
      ["¿Cuál es el límite de peticiones por segundo?", "Error 429 al enviar ‹many› eventos"],
      ["Cada noche enviamos unos ‹many› eventos desde ‹cloud› y recibimos 429. ¿El límite es por clave o por cuenta?"],
      ["Son 100 peticiones por segundo y por cuenta. Con `sendMany` puedes mandar 500 eventos en una sola petición."],
    ],
  ],
  follow: ["Gracias, lo pruebo y os cuento.", "Sigue igual, la petición es `‹req›`."],
  thanks: ["¡Solucionado, muchas gracias!", "Perfecto, ya funciona. Gracias por la ayuda."],
  points: ["A nosotros nos pasa lo mismo con ‹rt›.", "Estaría bien que apareciera en la documentación.", "Con ‹prev› no ocurría."],
};
const portuguese: LanguageSource = {
  topics: [
    [
      "local-testing",
      ["Como testar webhooks na minha máquina sem URL pública?", "`lantern listen` não encaminha ‹event› para localhost:‹port›"],
      [
        "Trabalho em uma rede que bloqueia túneis e preciso receber `‹event›` no meu aplicativo ‹fw›. O comando `lantern listen` mostra que está pronto, mas não chega nada. O que estou fazendo de errado?",
      ],
      ["Confira com `lantern whoami` se você está no modo de teste. Se usar Docker, encaminhe para `host.docker.internal:‹port›`."],
    ],
    [
      "cli-windows",
      ["Instalação da CLI no Windows sem permissão de administrador", "`lantern login` trava no WSL"],
      ["No WSL 2 o comando `lantern login` fica esperando o navegador e nunca termina. Já tentei a versão ‹prev› e acontece o mesmo."],
      ["Use `lantern login --no-browser`: ele mostra um código que você digita em outro dispositivo."],
    ],
    [
      "python-async",
      ["Cliente assíncrono para Python com ‹fw›", "lantern-python bloqueia o event loop"],
      ["Usamos ‹fw› e cada chamada a `send` bloqueia o event loop por ‹ms› ms. Existe previsão para um cliente assíncrono?"],
      ["Por enquanto use `asyncio.to_thread`. O `AsyncClient` chega com a versão 3.1 e tem os mesmos métodos."],
    ],
  ],
  follow: ["Obrigado, vou testar e aviso aqui.", "Ainda dá o mesmo erro, a requisição é `‹req›`."],
  thanks: ["Resolvido, muito obrigado!", "Funcionou aqui. Valeu pela ajuda!"],
  points: ["Aqui acontece a mesma coisa com ‹rt›.", "Seria ótimo ter isso na documentação.", "Na ‹prev› funcionava."],
};

/** By the language's code, as names.ts gives it to people. */
export const languages: Record<string, LanguageText> = {
  ja: read(japanese),
  zh: read(chinese),
  de: read(german),
  es: read(spanish),
  pt: read(portuguese),
};
