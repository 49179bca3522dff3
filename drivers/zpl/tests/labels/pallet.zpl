^XA^CI28^PW812^LL1218^LH0,0
^FO40,40{{ name|bitmap(48) }}
^FO40,110^A0N,30,30^FH^FD{{ item }} {{ lot }} {{ quantity }} {{ unit }}^FS
^BY2
^FO60,180{{ gs1|gs1_128(150) }}
^FO60,400{{ gs1|gs1_datamatrix(6) }}
^FO400,400{{ gs1|qr(5) }}
{% if sscc %}^BY2^FO60,800{{ ('(00)' + sscc)|gs1_128(200) }}{% endif %}
^XZ
